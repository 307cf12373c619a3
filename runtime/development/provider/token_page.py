"""Where a customer's card becomes a payment token; no card number is ever typed, sent or kept."""

from html import escape

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.development.pages import button, note, page, table
from runtime.development.provider.books import Answer, Books, refusal
from runtime.development.provider.cards import BY_NAME, CARDS
from runtime.development.provider.endpoints import sent
from runtime.development.provider.rules import Problem
from runtime.development.reading import Unreadable, read_body, read_form

NO_MONEY = "No money moves here and no card exists: a test card decides how its payments go."


class Chosen(Struct, frozen=True, forbid_unknown_fields=True):
    card: str


class TokenPage(Struct, frozen=True, kw_only=True):
    books: Books
    url: str

    def routes(self) -> list[Route]:
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/tokens", self.show, methods=["GET"]),
            Route("/tokens", self.make, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        rows = [(button("card", card.name, card.name), f"•••• {card.last4}", escape(card.says)) for card in CARDS]
        curl = f'curl -s {self.url}/tokens --json \'{{"card": "visa"}}\''
        return page(
            "Choose a test card",
            note(NO_MONEY)
            + f'<form method="post" action="/tokens">{table(("Card", "Number", "What happens"), rows)}</form>'
            + f"<p>The same on the command line:</p><pre>{escape(curl)}</pre>"
            + "<p>Every card also has a token that is always there: <code>tok_</code> and its name.</p>",
        )

    async def make(self, request: Request) -> Response:
        as_page = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            name = (await read_form(request)).get("card", "") if as_page else await read_choice(request)
        except Unreadable as error:
            return sent(refusal(error.status, Problem("malformed", str(error))))
        card = BY_NAME.get(name)
        if card is None:
            return sent(
                refusal(422, Problem("card_unknown", f"There is no such card; there are {', '.join(BY_NAME)}."))
            )
        token = await run_in_threadpool(self.books.new_token, card)
        if as_page:
            says = f"<p>Your payment token for <code>{escape(card.name)}</code>:</p><pre>{token}</pre>"
            return page("Your payment token", note(NO_MONEY) + says + '<p><a href="/tokens">Another card</a></p>')
        known = {"token": token, "card": {"name": card.name, "brand": card.brand, "last4": card.last4}}
        return sent(Answer(201, msgspec.json.encode(known)))


async def read_choice(request: Request) -> str:
    try:
        return msgspec.json.decode(await read_body(request), type=Chosen).card
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unreadable(400, 'The body must be JSON, {"card": "visa"} for instance.') from error
