"""The few HTML pages of the development processes: no script, nothing loaded from elsewhere."""

from html import escape

from starlette.responses import HTMLResponse

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}"
    ".note{background:#fff3cd;border:1px solid #e0c36a;padding:.5rem 1rem}"
    "button{font:inherit;padding:.3rem .8rem;cursor:pointer}"
    "td,th{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}"
    "code,pre{background:#f3f3f3;padding:.1rem .3rem}pre{padding:.6rem;overflow-x:auto}"
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """A page; `body` is HTML whose texts were escaped by whoever made it."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def note(text: str) -> str:
    return f'<p class="note"><strong>Development only.</strong> {escape(text)}</p>'


def button(name: str, value: str, label: str) -> str:
    return f'<button name="{escape(name)}" value="{escape(value)}">{escape(label)}</button>'


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table; cells are HTML."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"
