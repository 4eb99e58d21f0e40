"""A drawn picture of each product: flat shapes on a quiet ground, so that the sandbox carries no image files."""

from __future__ import annotations

import zlib

from sandbox.things import Product

GROUNDS = ("#efece6", "#e8ecec", "#ece9ee", "#eef0e8")
COLOURS = ("#5b4636", "#3f5a63", "#7a5c58", "#4c6152", "#31394a", "#8a6d3b")

SHAPES = {
    "beans": (
        '<path d="M104 84h112l12 22v150a12 12 0 0 1-12 12H104a12 12 0 0 1-12-12V106z"/>'
        '<path d="M92 106h136" stroke="#fff" stroke-opacity=".5" stroke-width="3"/>'
        '<rect x="124" y="150" width="72" height="72" rx="4" fill="#fff" fill-opacity=".85"/>'
        '<path d="M160 162c-20 14-20 34 0 48 20-14 20-34 0-48zm0 4c-6'
        ' 14 6 26 0 40" fill="none" stroke-width="3" stroke="{colour}"/>'
    ),
    "box": (
        '<path d="M70 130l90-36 90 36v96l-90 36-90-36z"/>'
        '<path d="M70 130l90 36 90-36M160 166v96" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="4"/>'
    ),
    "filter": (
        '<path d="M96 84h128l-34 70h-60z"/><rect x="136" y="154" width="48" height="14"/>'
        '<path d="M112 172h96l14 84a14 14 0 0 1-14 16h-96a14 14 0 0 1-14-16z" fill-opacity=".35"/>'
        '<path d="M104 224h112l6 32a14 14 0 0 1-14 16h-96a14 14 0 0 1-14-16z"/>'
    ),
    "cup": (
        '<path d="M92 108h116v104a36 36 0 0 1-36 36h-44a36 36 0 0 1-36-36z"/>'
        '<path d="M208 132h14a30 30 0 0 1 0 60h-14" fill="none" stroke="{colour}" stroke-width="14"/>'
    ),
    "grinder": (
        '<rect x="118" y="112" width="84" height="158" rx="12"/>'
        '<path d="M160 112V82h70" fill="none" stroke="{colour}" stroke-width="10"/><circle cx="234" cy="82" r="13"/>'
        '<path d="M118 190h84" stroke="#fff" stroke-opacity=".5" stroke-width="4"/>'
    ),
    "course": (
        '<rect x="64" y="96" width="192" height="124" rx="10"/>'
        '<path d="M142 130v56l48-28z" fill="#fff"/>'
        '<rect x="112" y="236" width="96" height="10"/>'
    ),
    "shirt": (
        '<path d="M116 78l44 18 44-18 52 34-20 44-22-10v118H106V146l-22 10-20-44z"/>'
        '<path d="M160 96v168" stroke="#fff" stroke-opacity=".45" stroke-width="3"/>'
        '<path d="M116 78l44 40 44-40" fill="none" stroke="#fff" stroke-opacity=".6" stroke-width="4"/>'
    ),
    "knit": (
        '<path d="M120 80c22 18 58 18 80 0l52 30-14 132-28-4v26H110v-26l-28 4-14-132z"/>'
        '<path d="M120 80c22 18 58 18 80 0M110 252h100" fill="none" stroke="#fff"'
        ' stroke-opacity=".5" stroke-width="5"/>'
    ),
    "trousers": (
        '<path d="M112 68h96l20 200h-50l-18-140-18 140H92z"/>'
        '<path d="M112 88h96" stroke="#fff" stroke-opacity=".5" stroke-width="4"/>'
    ),
    "coat": (
        '<path d="M130 62c14-12 46-12 60 0l8 16 52 40-20 56-24-14 8 112H106l8-112-24 14-20-56 52-40z"/>'
        '<path d="M160 96v176M124 200h22m28 0h22" stroke="#fff" stroke-opacity=".5" stroke-width="4"/>'
    ),
    "beanie": (
        '<path d="M88 212c0-88 28-128 72-128s72 40 72 128z"/>'
        '<rect x="80" y="204" width="160" height="44" rx="12"/>'
        '<circle cx="160" cy="80" r="14"/>'
    ),
    "scarf": (
        '<path d="M108 70h104v44c-26 14-78 14-104 0z"/><path d="M116 108h44v160h-44zM170 108h40v122h-40z"/>'
        '<path d="M120 268v14m12-14v14m12-14v14m12-14v14M176 230v14m12-14v14m12-14v14"'
        ' stroke="{colour}" stroke-width="4"/>'
    ),
    "tote": (
        '<path d="M84 132h152l-10 132H94z"/>'
        '<path d="M124 132c0-72 72-72 72 0" fill="none" stroke="{colour}" stroke-width="9"/>'
    ),
}


def picture(product: Product) -> str:
    """An SVG, 320 by 320."""
    draw = zlib.crc32(product.handle.encode())
    colour, ground = COLOURS[draw % len(COLOURS)], GROUNDS[draw // 7 % len(GROUNDS)]
    shape = SHAPES[product.kind].replace("{colour}", colour)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" width="320" height="320">'
        f'<rect width="320" height="320" fill="{ground}"/><g fill="{colour}">{shape}</g></svg>'
    )
