"""What couriers do between deliveries: begin and end shifts, answer offers."""

from uuid import UUID

import strawberry

from kernel.calling import Accepted
from kernel.graph.context import Info
from kernel.graph.refusals import MalformedId, NotFound, UserError, result
from kernel.graph.stories import Story
from kernel.ids import parse_id
from subgraphs.dispatch.commands import AcceptOffer, DeclineOffer, GoOffline, GoOnline, OfferCommand
from subgraphs.dispatch.schema.access import delivery_of_offer, viewers_courier_id
from subgraphs.dispatch.schema.changing import CONSISTENCY, DeliveryMoved, changed
from subgraphs.dispatch.schema.entities import Courier, Offer
from subgraphs.dispatch.schema.enums import DeclineReason, Vehicle
from subgraphs.dispatch.schema.refusals import ALWAYS, ON_AN_OFFER, REFUSALS, CourierOffline, DeliveryInProgress
from subgraphs.dispatch.schema.standing import courier_now, standing_of
from subgraphs.dispatch.views import fold_delivery


@strawberry.input
class GoOnlineInput:
    idempotency_key: UUID
    vehicle: Vehicle
    display_name: str = strawberry.field(description="What customers call you; 1 to 60 letters.")


@strawberry.input
class GoOfflineInput:
    idempotency_key: UUID


@strawberry.input
class AcceptOfferInput:
    idempotency_key: UUID
    offer_id: strawberry.ID


@strawberry.input
class DeclineOfferInput:
    idempotency_key: UUID
    offer_id: strawberry.ID
    reason: DeclineReason = DeclineReason.OTHER


@strawberry.type(description="A shift began, or ended.")
class CourierChanged:
    courier: Courier | None = strawberry.field(description="The courier as they are; null for who was never online.")
    consistency_token: str | None = strawberry.field(description=CONSISTENCY)


@strawberry.type(description="You get offers from now on, as long as you report where you are.")
class GoOnlineSuccess(CourierChanged):
    pass


@strawberry.type(description="You get no more offers.")
class GoOfflineSuccess(CourierChanged):
    pass


@strawberry.type(description="It is yours: fetch it at the restaurant.")
class AcceptOfferSuccess(DeliveryMoved):
    pass


@strawberry.type(description="Somebody else is asked; you are not asked again for this delivery.")
class DeclineOfferSuccess:
    offer: Offer | None
    consistency_token: str | None = strawberry.field(description=CONSISTENCY)


GO_ONLINE_RESULT = result(GoOnlineSuccess, ALWAYS)
GO_OFFLINE_RESULT = result(GoOfflineSuccess, (*ALWAYS, DeliveryInProgress))
ACCEPT_OFFER_RESULT = result(AcceptOfferSuccess, (*ON_AN_OFFER, CourierOffline))
DECLINE_OFFER_RESULT = result(DeclineOfferSuccess, ON_AN_OFFER)


@strawberry.type
class ShiftMutation:
    @strawberry.mutation(
        graphql_type=GO_ONLINE_RESULT,
        description="Begins a shift, or changes name or vehicle on it. Offers come while positions do. For couriers.",
    )
    async def go_online(self, info: Info, input: GoOnlineInput) -> GoOnlineSuccess | UserError:
        command = GoOnline(
            courier_id=viewers_courier_id(info.context), vehicle=input.vehicle, display_name=input.display_name
        )
        outcome = REFUSALS.accepted(
            await info.context.handle(command, mutation="goOnline", key=input.idempotency_key, given=input)
        )
        if isinstance(outcome, UserError):
            return outcome
        return GoOnlineSuccess(courier=await _courier(info, outcome), consistency_token=outcome.token)

    @strawberry.mutation(
        graphql_type=GO_OFFLINE_RESULT,
        description="Ends the shift; an open offer is withdrawn. Not while something is being carried. For couriers.",
    )
    async def go_offline(self, info: Info, input: GoOfflineInput) -> GoOfflineSuccess | UserError:
        courier_id = viewers_courier_id(info.context)
        carried = (await standing_of(info.context, courier_id)).delivery
        command = GoOffline(courier_id=courier_id, carried_delivery_id=None if carried is None else carried.id)
        outcome = REFUSALS.accepted(
            await info.context.handle(command, mutation="goOffline", key=input.idempotency_key, given=input)
        )
        if isinstance(outcome, UserError):
            return outcome
        return GoOfflineSuccess(courier=await _courier(info, outcome), consistency_token=outcome.token)

    @strawberry.mutation(
        graphql_type=ACCEPT_OFFER_RESULT, description="Takes the delivery on. For the courier who is asked."
    )
    async def accept_offer(self, info: Info, input: AcceptOfferInput) -> AcceptOfferSuccess | UserError:
        delivery_id = await _offered(info, input.offer_id)
        if isinstance(delivery_id, UserError):
            return delivery_id
        command = AcceptOffer(delivery_id=delivery_id, offer_id=input.offer_id)
        return await changed(info, await _answer(info, "acceptOffer", input, command), AcceptOfferSuccess)

    @strawberry.mutation(
        graphql_type=DECLINE_OFFER_RESULT, description="Leaves it to somebody else. For the courier who is asked."
    )
    async def decline_offer(self, info: Info, input: DeclineOfferInput) -> DeclineOfferSuccess | UserError:
        delivery_id = await _offered(info, input.offer_id)
        if isinstance(delivery_id, UserError):
            return delivery_id
        command = DeclineOffer(delivery_id=delivery_id, offer_id=input.offer_id, reason=input.reason)
        outcome = await _answer(info, "declineOffer", input, command)
        if isinstance(outcome, UserError):
            return outcome
        return DeclineOfferSuccess(
            offer=await _offer_at(info, outcome, input.offer_id), consistency_token=outcome.token
        )


async def _offered(info: Info, offer_id: strawberry.ID) -> str | UserError:
    if parse_id("offer", offer_id) is None:
        return MalformedId(path=["offerId"])
    return await delivery_of_offer(info.context, offer_id) or NotFound(path=["offerId"])


async def _answer(
    info: Info, mutation: str, given: AcceptOfferInput | DeclineOfferInput, command: OfferCommand
) -> Accepted | UserError:
    outcome = await info.context.handle(command, mutation=mutation, key=given.idempotency_key, given=given)
    return REFUSALS.accepted(outcome)


async def _courier(info: Info, outcome: Accepted) -> Courier | None:
    view = await courier_now(info.context, outcome.stream)
    return None if view is None else Courier.of(view)


async def _offer_at(info: Info, outcome: Accepted, offer_id: str) -> Offer | None:
    """The offer as the answer left it; the search may have gone on to the next one since."""
    story = Story(info.context.streams, outcome.stream, fold_delivery)
    view = await story.at(outcome.version)
    return Offer.of(view.offer) if view is not None and view.offer is not None and view.offer.id == offer_id else None
