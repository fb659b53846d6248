# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

"""Draws grouped bars on a logarithmic scale as SVG, for light and dark pages."""

import math
from xml.sax.saxutils import escape

# Colours that the common kinds of colour blindness keep apart, and that stand out from white and from near black.
COLOURS = ["#8a8f98", "#0b84d8", "#e08a00", "#1d9e6e", "#c0569a", "#7a5bd0", "#b8554a"]
BAR = 15
GAP = 22
LEFT = 60
TOP = 74
HEIGHT = 300

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 11px }
.value { font-size: 9.5px }
.page { fill: #ffffff }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .page { fill: #0d1117 }
  .grid { stroke: #30363d }
}
"""


def short(number):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.3g}"


def bars(title, groups, series, values):
    """`values` has a number for (group, member of series), where there is one."""
    shown = {pair: value for pair, value in values.items() if pair[0] in groups and pair[1] in series}
    if not shown:
        return ""
    lowest = math.floor(math.log10(min(shown.values())))
    highest = math.ceil(math.log10(max(shown.values())))
    highest = max(highest, lowest + 1)
    # A bar begins a decade below the smallest value, or that one would have no length.
    lowest -= 0 if min(shown.values()) > 2 * 10**lowest else 1

    def height(value):
        return (math.log10(value) - lowest) / (highest - lowest) * HEIGHT

    group_width = BAR * len(series) + GAP
    width = LEFT + group_width * len(groups) + 20
    bottom = TOP + HEIGHT
    page_height = bottom + 66
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{page_height}" '
        f'viewBox="0 0 {width} {page_height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{page_height}"/>',
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
    ]
    x = LEFT
    for place, name in enumerate(series):
        out.append(f'<rect x="{x}" y="38" width="11" height="11" rx="2" fill="{COLOURS[place % len(COLOURS)]}"/>')
        out.append(f'<text x="{x + 16}" y="48">{escape(name)}</text>')
        x += 34 + 7 * len(name)
    for exponent in range(lowest, highest + 1):
        y = bottom - height(10**exponent)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text class="small" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(10**exponent)}</text>')
    for number, group in enumerate(groups):
        start = LEFT + GAP / 2 + number * group_width
        for place, name in enumerate(series):
            value = shown.get((group, name))
            if value is None:
                continue
            x, tall = start + place * BAR, height(value)
            out.append(
                f'<rect x="{x:.1f}" y="{bottom - tall:.1f}" width="{BAR - 2}" height="{tall:.1f}" rx="1.5" '
                f'fill="{COLOURS[place % len(COLOURS)]}"><title>{escape(group)}, {escape(name)}: '
                f"{short(value)} messages/s</title></rect>")
            out.append(
                f'<text class="value" transform="translate({x + BAR / 2 + 2:.1f} {bottom - tall - 3:.1f}) '
                f'rotate(-90)">{short(value)}</text>')
        # "publish QoS 1, window 64": a line of text each.
        what, _, rest = group.partition(" QoS ")
        qos, _, window = rest.partition(", ")
        middle = start + BAR * len(series) / 2
        for row, text in enumerate((what, "QoS " + qos, window)):
            out.append(f'<text class="small" x="{middle:.1f}" y="{bottom + 17 + 14 * row}" '
                       f'text-anchor="middle">{escape(text)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
