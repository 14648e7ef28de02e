"""What axe-core finds wrong on a page, in lines that say where."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, and off unless asked for
}
# A theme changes whether things stand out; everything else is the same in both.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}

_axe = Axe()
_SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  await frame();
}"""
_RUN = """([within, options]) => axe
  .run(within || document, {resultTypes: ['violations'], ...options})
  .then((found) => found.violations)"""


def faults(tab: Tab, options: dict = ALL, *, within: str = "", where: str = "") -> list[str]:
    """One line a violation: the rule, the elements, what they are missing.

    A change of theme fades, however shortly: what is wrong counts only if it still is a moment later.
    """
    if not tab.evaluate("typeof axe === 'object'"):
        tab.evaluate(_axe.axe_script)
    tab.evaluate(_SETTLED)
    found = _faults_now(tab, options, within=within, where=where)
    if found:
        tab.wait_for_timeout(500)
        found = _faults_now(tab, options, within=within, where=where)
    return found


def _faults_now(tab: Tab, options: dict, *, within: str, where: str) -> list[str]:
    return [
        f"{where} {found['id']}: {' '.join(map(str, node['target']))} {node['html'][:160]} "
        f"{'; '.join(check['message'] for kind in ('any', 'all', 'none') for check in node[kind])}"
        for found in tab.evaluate(_RUN, [within, options])
        for node in found["nodes"][:5]
    ]
