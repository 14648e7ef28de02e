"""Every page of Axial, and the states of it that look different; what is no page, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page as Tab

Deed = Callable[[Tab], None]


@dataclass(frozen=True)
class Visit:
    """One page as one person sees it."""

    name: str  # of the address
    who: str | None = None  # a username; None: nobody is logged in
    about: str = "study"  # what of the world the address is about
    query: str = ""
    state: str = ""  # how it differs from other visits to the page
    do: Deed | None = None  # what brings it into that state
    within: str = ""  # what to look at, where something lies over the rest of the page
    status: int = 200

    @property
    def label(self) -> str:
        """Its name among the tests."""
        parts = (self.name.split(":")[-1], self.who or "nobody", self.about, self.state)
        return "-".join(part.replace(" ", "_") for part in parts if part not in ("", "study"))


def page(name: str, *people: str | None, about: str = "study", **fields: object) -> list[Visit]:
    """Visits of the page by each of the people."""
    return [Visit(f"annotator:{name}", who, about, **fields) for who in people]


def runs(name: str, *people: str, about: str = "study", **fields: object) -> list[Visit]:
    """Visits of a page of runs."""
    return [Visit(f"models_app:{name}", who, about, **fields) for who in people]


# --- What people do on a page -------------------------------------------------------------


def ready(tab: Tab) -> None:
    """Wait until the work screen has come to life."""
    tab.wait_for_selector("#coding[data-ready], #consolidation[data-ready]")


def keys(tab: Tab) -> None:
    ready(tab)
    tab.keyboard.press("?")
    tab.locator("dialog#keys").wait_for()


def summary(tab: Tab) -> None:
    ready(tab)
    tab.keyboard.press("Enter")
    tab.locator("#summary").wait_for()


def compare_runs(tab: Tab) -> None:
    """The first run with the cancelled one."""
    tab.locator("select[name=b]").select_option(index=1)
    tab.locator(".choose-runs button").click()
    tab.wait_for_selector("table.contrasts")


def review_half(tab: Tab) -> None:
    """Answer one element of three, and mark a gap without saying what it is."""
    tab.keyboard.press("2")
    form = tab.locator("#gap-form")
    form.locator("[name=at]").fill("soon")
    form.evaluate("form => { form.noValidate = true; form.requestSubmit() }")
    tab.locator("#gap-form .errorlist").first.wait_for()


def unfold_difference(tab: Tab) -> None:
    tab.locator("details.more > summary").first.click()


def edit_what_is_overtaken(tab: Tab) -> None:
    """Keep an edit of a version that has been overtaken: refused, with both texts on the page."""
    field = tab.locator("textarea[name=text]")
    field.fill(field.input_value().replace("Cold", "Ice-cold"))
    with tab.expect_navigation():
        tab.locator("main form button.is-primary").click()
    tab.locator("[data-kind=bad]").wait_for()


def compare_scripts(first: int, second: int) -> Deed:
    """From the list to two scripts of an edited one's video, by their places in the choice."""

    def do(tab: Tab) -> None:
        tab.goto(f"{tab.url.partition('?')[0]}?origin=edit")  # without two scripts one was led to the list
        tab.locator("tbody th a.mono").first.click()
        tab.locator(".menu:has(a[href*=compare]) > summary").click()
        tab.locator(".menu-list a[href*=compare]").first.click()
        options = tab.locator("select[name=a] option")
        keys = options.evaluate_all("all => all.map(one => one.value).sort((a, b) => a - b)")
        for side, place in (("a", first), ("b", second)):
            tab.locator(f"select[name={side}]").select_option(keys[place])
        tab.locator(".filters button").click()
        tab.wait_for_selector(".is-pair")

    return do


def differing_runs(tab: Tab) -> None:
    """The two trials."""
    for name, words in (("a", "trial first"), ("b", "trial second")):
        select = tab.locator(f"select[name={name}]")
        select.select_option(value=select.locator("option", has_text=words).get_attribute("value"))
    with tab.expect_navigation():
        tab.locator("main form button").first.click()
    tab.wait_for_selector(".prompt-diff")


def more_settings(tab: Tab) -> None:
    """Everything that a run can be told."""
    tab.locator("details.more > summary").click()
    tab.locator("[name=samples]").wait_for()


def repeat_trial(tab: Tab) -> None:
    """The form as the second trial was started."""
    tab.locator(".crumbs a").first.click()
    tab.get_by_role("link", name="trial second").click()
    tab.locator("a[href*='?from=']:not([href*='videos=all'])").click()
    tab.locator("[name=cloned_from]").wait_for(state="attached")


def change_prompt(template: str) -> Deed:
    """Another template, previewed."""

    def do(tab: Tab) -> None:
        if not tab.locator("details.more[open]").count():
            tab.locator("details.more > summary").last.click()
        tab.locator("textarea").fill(template)
        with tab.expect_navigation():
            tab.locator("details.more[open] button").first.click()
        tab.locator("details.more[open]").first.wait_for()

    return do


def whys(tab: Tab) -> None:
    """Every reason that a model gave, open."""
    for summary in tab.locator(".answer-why > summary").all():
        summary.click()
    tab.evaluate("scrollTo(0, 0)")  # what has scrolled under the bar at the top is no target


def set_aside(tab: Tab) -> None:
    ready(tab)
    tab.keyboard.press("Shift+X")
    tab.locator("dialog#set-aside").wait_for()


def sheet(tab: Tab) -> None:
    """The codebook beside the rows; on a telephone it is a sheet that opens."""
    ready(tab)
    tab.locator("#guide-text").get_by_text("Loading").wait_for(state="detached")
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.locator(".guide-toggle").click()


def drawer(tab: Tab) -> None:
    ready(tab)
    tab.locator('[data-act="precedents"]:visible').first.click()
    tab.locator('[data-part="precedents"][open]').first.wait_for()
    tab.locator("[data-part=precedents][open]").get_by_text("Loading").wait_for(state="detached")


def agreed(tab: Tab) -> None:
    ready(tab)
    tab.locator("details.agreed > summary").click()


def menus(tab: Tab) -> None:
    """The account menu, open."""
    tab.locator(".topbar-tools details.menu > summary").last.click()


def theme(tab: Tab) -> None:
    tab.locator(".topbar-tools details.menu > summary").first.click()


def row_menu(tab: Tab) -> None:
    tab.locator(".table details.menu > summary").last.click()


def send(**given: str) -> Deed:
    """Fill the form in the middle of the page and send it past the browser's own checks."""

    def do(tab: Tab) -> None:
        form = tab.locator("main form[method=post]").last
        form.evaluate("form => { form.noValidate = true }")
        for name, text in given.items():
            form.locator(f"[name={name}]").fill(text)
        with tab.expect_navigation():
            form.evaluate("form => form.requestSubmit(form.querySelector('button:not([type=button])'))")
        tab.locator(".errorlist, [data-kind=bad]").first.wait_for()

    return do


def stale(tab: Tab) -> None:
    """Send a form whose token has run out."""
    tab.locator("main [name=csrfmiddlewaretoken]").evaluate("field => { field.value = 'a'.repeat(64) }")
    with tab.expect_navigation():
        tab.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")


def lock(tab: Tab) -> None:
    """Guess passwords until the door is locked."""
    while tab.locator("main form").count():
        tab.locator("[name=username]").fill("guessed-at")
        tab.locator("[name=password]").fill("wrong")
        with tab.expect_navigation():
            tab.keyboard.press("Enter")


def preview(tab: Tab) -> None:
    """Ask what a changed codebook would change."""
    text = tab.request.get(tab.url.replace("import", "export")).text()
    choose(text.replace("think", "reflect"))(tab)
    with tab.expect_navigation():
        tab.locator("main form button").first.click()


def choose(text: str, *, name: str = "chosen.yaml") -> Deed:
    """Choose a file with the text."""

    def do(tab: Tab) -> None:
        file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        tab.locator("main input[type=file]").set_input_files(file)

    return do


def labels_with_a_bad_row(tab: Tab) -> None:
    """What a file of labels would do, and which of its rows cannot be taken."""
    choose(
        "video_id,value,stance\n7300000000000000777,face,1\n7300000000000000778,face,9\n", name="labels.csv"
    )(tab)
    with tab.expect_navigation():
        tab.locator("main form button").first.click()
    tab.locator("#bad").wait_for()


def wrong_codebook(tab: Tab) -> None:
    choose("values: none")(tab)
    send()(tab)


def search(text: str) -> Deed:
    def do(tab: Tab) -> None:
        tab.locator("[data-codebook-search]").fill(text)

    return do


# --- The pages ----------------------------------------------------------------------------

VISITS: list[Visit] = [
    *page("login", None, about=""),
    *page("login", None, about="", query="?next=/profile/", state="asked for"),
    *page("login", None, about="", state="wrong", do=send(username="ann", password="wrong")),
    *page("login", None, about="", state="stale", do=stale),
    *page("login", None, about="", state="locked", do=lock),
    *page("home", "res", "con", "ann", "all", "out", about="", query="?all"),
    *page("home", "res", about="", state="menu", do=menus, within=".topbar .menu[open]"),
    *page("home", "res", about="", state="themes", do=theme, within=".topbar .menu[open]"),
    *page("study_create", "res", about=""),
    *page("study_create", "res", about="", state="wrong", do=send(name="", slug="a b")),
    *page("study_create", "out", about="", state="not theirs", status=403),
    *page("profile_edit", "ann", about=""),
    *page("password_change", "ann", about=""),
    *page("password_change", "ann", about="", state="wrong", do=send(new_password1="1", new_password2="2")),
    # A study
    *page("study_detail", "ann", "con", "res", "all"),
    *page("study_detail", "ann", "con", "res", about="empty"),
    *page("study_detail", "out", state="not theirs", status=404),
    *page("study_edit", "res"),
    *page("study_edit", "res", state="wrong", do=send(name="")),
    *page("history_list", "res"),
    *page("history_list", "res", about="empty"),
    *page("member_list", "res"),
    *page("member_list", "res", state="menu", do=row_menu, within=".table .menu[open]"),
    *page("member_list", "res", state="wrong", do=send(username="a b c")),
    *page("member_list", "ann", state="not theirs", status=403),
    # The codebook
    *page("codebook_detail", "ann"),  # long: the others look at what differs
    *page("codebook_detail", "res", within=".page-head"),
    *page("codebook_detail", "ann", query="?version=1", state="old", within=".page-head"),
    *page("codebook_detail", "ann", state="searched", do=search("nature"), within=".is-sticky"),
    *page("codebook_version_list", "res"),
    *page("codebook_version_list", "res", about="empty"),
    *page("codebook_import", "res"),
    *page("codebook_import", "res", state="preview", do=preview),
    *page("codebook_import", "res", state="wrong", do=wrong_codebook),
    # Videos
    *page("video_list", "res"),
    *page("video_list", "res", query="?q=nothing-like-it", state="nothing found"),
    *page("video_list", "res", about="empty"),
    *page("video_detail", "res", "ann", about="video"),
    *page("video_detail", "res", "ann", about="settled video"),
    *page("video_detail", "res", about="withdrawn video"),
    *page("video_import", "res"),
    *page("video_import", "res", state="wrong", do=send()),
    *page("video_withdraw", "res", about="video"),
    *page("video_withdraw", "res", about="video", state="wrong", do=send()),
    *page("creator_list", "res"),
    *page("creator_list", "res", about="empty"),
    *page("creator_edit", "res", about="creator"),
    # Batches
    *page("batch_list", "res"),
    *page("batch_list", "res", about="empty"),
    *page("batch_create", "res"),
    *page("batch_create", "res", state="wrong", do=send(name="")),
    *page("batch_detail", "res", about="batch"),
    *page("batch_detail", "res", about="batch", query="?q=nothing-like-it", state="nothing found"),
    *page("batch_edit", "res", about="batch"),
    *page("batch_release", "res", about="batch"),
    # Coding
    *page("coding_next", "ann", about="empty"),
    *page("coding_list", "ann"),
    *page("coding_list", "ann", about="empty"),
    *page("coding_edit", "ann", about="coding", do=ready),
    *page("coding_edit", "ann", about="coding", state="keys", do=keys, within="#keys"),
    *page("coding_edit", "ann", about="coding", state="summary", do=summary, within="#summary"),
    *page("coding_edit", "ann", about="coding", state="set aside dialog", do=set_aside, within="#set-aside"),
    *page("coding_edit", "ann", about="coding", state="codebook sheet", do=sheet, within="#guide"),
    *page("coding_edit", "ann", about="coding set aside", do=ready),
    *page("coding_edit", "ann", about="coding submitted", do=ready),
    *page("coding_edit", "ann", about="coding of what is gone", status=410),
    *page("question_list", "ann"),
    *page("question_list", "ann", about="empty"),
    *page("difference_list", "ann"),
    *page("difference_list", "ann", about="empty"),
    # Consolidation
    *page("consolidation_list", "con"),
    *page("consolidation_list", "con", about="empty"),
    *page("consolidation_edit", "con", about="consolidation", do=ready),
    *page("consolidation_edit", "con", about="consolidation", state="keys", do=keys, within="#keys"),
    *page("consolidation_edit", "con", about="consolidation", state="drawer", do=drawer, within="#guide"),
    *page("consolidation_edit", "con", about="consolidation", state="agreed values", do=agreed),
    *page("consolidation_edit", "con", about="settled", do=ready),
    # Labels and agreement
    *page("label_import", "res"),
    *page("label_import", "res", state="wrong", do=send()),
    *page("label_import", "res", state="preview", do=labels_with_a_bad_row),
    *page("export_list", "res"),
    *page("export_list", "res", about="empty"),
    # Runs, and what models made of a video
    *runs("run_list", "res"),
    *runs("run_list", "res", about="empty"),
    *runs("run_choose", "res", "all"),
    *runs("run_create", "res", about="pipeline"),
    *runs("run_create", "res", about="pipeline", state="wrong", do=send(folds="1")),
    *runs("run_create", "res", about="pipeline without scripts"),
    *runs("run_create", "res", about="asking pipeline"),
    *runs("run_create", "res", about="two steps", state="open", do=more_settings),
    *runs("run_create", "res", about="values from scripts", state="wrong", do=send(budget="much")),
    *runs("run_create", "res", about="asking pipeline", state="repeated", do=repeat_trial),
    *runs("run_prompt_new", "res", about="two steps"),
    *runs("run_prompt_new", "res", about="asking pipeline", state="changed", do=change_prompt("Judge it.\n")),
    *runs(
        "run_prompt_new", "res", about="asking pipeline", state="wrong", do=change_prompt("{{ nobody }}\n")
    ),
    *runs("run_prompt", "res", about="trial"),
    *runs("run_detail", "res", "all", about="running run"),
    *runs("run_detail", "res", about="finished run"),
    *runs("run_videos", "res", "all", about="finished run"),
    *runs("run_videos", "res", about="finished run", query="?only=same", state="none like it"),
    *runs("run_detail", "res", about="llm run"),
    *runs("run_detail", "res", about="paused llm run"),
    *runs("run_detail", "res", about="trial"),
    *runs("run_videos", "res", about="llm run"),
    *runs("run_item", "res", about="item"),
    *runs("run_item", "res", about="blocked item"),
    *runs("run_item", "res", about="item of what is gone"),
    *runs("run_compare", "res", do=differing_runs),
    *runs("run_compare", "res", state="to choose"),
    *runs("run_compare", "res", about="empty"),
    *runs("video_models", "res", about="predicted video"),
    *runs("video_models", "res", about="predicted video", state="with reasons", do=whys),
    *runs("video_models", "res", about="predicted video", query="?only=differs", state="only differing"),
    *runs("video_models", "res", about="video without media"),
    *runs("video_models", "ann", about="settled video"),
    # Scripts
    *runs("script_list", "res", "all"),
    *runs("script_list", "res", about="empty"),
    *runs("script_list", "res", query="?q=coffee&versions=all", state="searched"),
    *runs("script_list", "res", query="?q=zzz", state="nothing found"),
    *runs(
        "script_detail", "res", about="script to review", query="?queue=gemini-2.5-flash", state="in a queue"
    ),
    *runs("script_detail", "res", about="script on which two differ"),
    *runs("script_detail", "res", about="script on which two differ", do=review_half, state="half reviewed"),
    *runs("script_detail", "res", about="edited script", do=unfold_difference),
    *runs("script_edit", "res", about="edited script"),
    *runs("script_edit", "res", about="overtaken script", do=edit_what_is_overtaken, state="overtaken"),
    *runs("script_compare", "res", do=compare_scripts(0, 2), state="two models"),
    *runs("script_compare", "res", do=compare_scripts(0, 1), state="two versions"),
    Visit("evaluation:script_agreement", "res"),
    Visit("evaluation:script_agreement", "res", "empty"),
    Visit("evaluation:agreement_detail", "res"),
    Visit("evaluation:agreement_detail", "res", "empty"),
    Visit("evaluation:agreement_conflicts", "res", "value"),
    # Models against gold
    Visit("evaluation:leaderboard", "res"),
    Visit("evaluation:leaderboard", "res", "empty"),
    Visit("evaluation:leaderboard", "all"),
    Visit("evaluation:leaderboard_labels", "res", "run"),
    Visit("evaluation:leaderboard_labels", "res", "run beside gold"),
    Visit("evaluation:leaderboard_compare", "res", do=compare_runs),
    Visit("evaluation:leaderboard_compare", "res", "empty"),
]

NO_PAGES = {
    "only by POST": {
        *("annotator:logout", "set_language", "annotator:member_remove", "annotator:batch_share_out"),
        *("annotator:slot_assign", "annotator:slot_reassign"),
        *(
            "annotator:coding_save",
            "annotator:coding_submit",
            "annotator:coding_park",
        ),
        *("annotator:coding_set_aside", "annotator:coding_play", "annotator:question_ask"),
        *("annotator:question_answer", "annotator:consolidation_claim", "annotator:consolidation_save"),
        *(
            "annotator:consolidation_finish",
            "annotator:consolidation_renew",
            "annotator:consolidation_unclaim",
        ),
        "annotator:consolidation_reopen",
        "annotator:label_import_confirm",
        *("models_app:run_pause", "models_app:run_resume", "models_app:run_cancel", "models_app:run_retry"),
        *("models_app:script_review", "models_app:script_gap_add", "models_app:script_gap_delete"),
        *("models_app:run_budget", "models_app:run_item_retry"),
    },
    "GET leads to a page that is visited": {
        *("annotator:member_add", "annotator:member_reset_password", "annotator:consolidation_next"),
        "models_app:script_next",
    },
    "files and answers for scripts": {
        *("annotator:healthz", "annotator:robots", "annotator:codebook_export", "annotator:video_media"),
        *("annotator:video_thumbnail", "annotator:coding_peek", "annotator:export_download"),
        *("evaluation:agreement_table", "evaluation:agreement_figure", "models_app:script_download"),
        *("evaluation:leaderboard_table", "evaluation:leaderboard_labels_table"),
    },
    "parts, seen on the pages that fetch them": {
        *("annotator:codebook_value", "annotator:coding_guide", "annotator:precedent_list"),
        *("evaluation:agreement_summary", "models_app:run_summary"),
        *("models_app:run_estimate", "models_app:run_prompt_count"),
    },
}
