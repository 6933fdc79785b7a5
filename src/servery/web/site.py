"""All pages as one plugin of the application: routes, session, forgery protection, headers, what goes wrong."""

from __future__ import annotations

from litestar import Router
from litestar.config.app import AppConfig
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.plugins import InitPlugin

from servery.web import choices
from servery.web.alerts import views as alerts
from servery.web.assets import asset
from servery.web.connections import actions
from servery.web.connections import views as connections
from servery.web.connections.health import HealthSources
from servery.web.door import Door
from servery.web.events import views as arrivals
from servery.web.events.page import Arrivals
from servery.web.fields import views as fields
from servery.web.fields.sources import FieldChoices
from servery.web.forms import only_kept_text
from servery.web.frame import frame_of
from servery.web.guard import SessionMiddleware
from servery.web.guests import saying
from servery.web.guests import views as guests
from servery.web.guests.saying import Saying
from servery.web.headers import add_headers
from servery.web.hygiene import views as hygiene
from servery.web.hygiene.sources import Hygiene
from servery.web.live import Live, events
from servery.web.privacy import views as private
from servery.web.privacy.sources import Privacy
from servery.web.review import views as review
from servery.web.runs import views as runs
from servery.web.runs.sources import Runs
from servery.web.set_up import start, steps
from servery.web.set_up.sources import SetUp
from servery.web.sign_in import views as sign_in
from servery.web.sources import Sources
from servery.web.suggestions import views as suggestions
from servery.web.suggestions.page import SamePerson
from servery.web.tags import views as tags
from servery.web.tags.sources import TagRules
from servery.web.tonight import views as tonight
from servery.web.values import views as values
from servery.web.values.sources import Survivorship
from servery.web.wrong import HANDLERS, nowhere

_ROUTES = (
    asset,
    events,
    sign_in.ask,
    sign_in.by_password,
    sign_in.ask_link,
    sign_in.by_link,
    sign_in.ask_password,
    sign_in.choose_password,
    sign_in.leave,
    sign_in.leave_everywhere,
    choices.choose_language,
    choices.choose_theme,
    choices.choose_venue,
    tonight.start,
    tonight.tonight,
    tonight.tonight_csv,
    guests.guests,
    guests.search_guests,
    guests.guests_csv,
    guests.search,
    guests.guest,
    connections.connections,
    connections.connections_csv,
    connections.connection,
    connections.alarms,
    alerts.alerts,
    alerts.add_receiver,
    alerts.change_receiver,
    alerts.remove_receiver,
    alerts.test_receiver,
    review.review,
    review.review_csv,
    actions.put_off,
    actions.heed,
    arrivals.events,
    arrivals.choose_events,
    arrivals.event,
    arrivals.replay,
    arrivals.dismiss,
    arrivals.restore,
    arrivals.replay_group,
    arrivals.dismiss_group,
    actions.link_check,
    actions.unlink_check,
    actions.read_now,
    actions.pause,
    actions.resume,
    nowhere,
)
_SET_UP = (
    start.choose_system,
    start.ask_access,
    start.take_access,
    start.send_away,
    start.come_back,
    start.ask_application,
    start.take_application,
    start.ask_venues,
    start.take_venues,
    steps.go_on,
    steps.ask_credentials,
    steps.take_credentials,
    steps.authorise_again,
    steps.ask_tables,
    steps.take_tables,
    steps.ask_directions,
    steps.take_directions,
    steps.ask_pace,
    steps.take_pace,
    steps.ask_proof,
    steps.begin_proof,
    steps.stop_waiting,
)
"""The pages that join systems; a site that shows an invented house has none."""
_FIELDS = (fields.show_fields, fields.choose_fields, fields.undo_fields)
"""The pages on which the owner chooses who owns a field."""
_SAME_PERSON = (
    suggestions.suggestions,
    suggestions.find_same,
    suggestions.search_same,
    suggestions.compare,
    suggestions.decide,
    suggestions.later,
    suggestions.now,
    suggestions.part,
    suggestions.undo,
)
"""Who is who."""
_SAYING = (saying.edit_guest, saying.undo_edit, saying.add_entry, saying.strike_entry, saying.enter_again)
"""What staff write of a guest."""
_TAGS = (
    tags.tag_rules,
    tags.new_tag_rule,
    tags.tag_rule,
    tags.add_tag_rule,
    tags.change_tag_rule,
    tags.remove_tag_rule,
    tags.undo_tag_rule,
)
"""Tags by rule."""
_VALUES = (values.show_values, values.choose_values, values.undo_values)
"""Which value of a field is shown."""
_HYGIENE = (
    hygiene.overview,
    hygiene.mend_list,
    hygiene.mend_list_csv,
    hygiene.accept,
    hygiene.look,
    hygiene.ageing,
    hygiene.choose,
    hygiene.leave_out,
    hygiene.undo,
)
"""What of guests is to be mended, and what grew old."""
_RUNS = (runs.runs, runs.look, runs.learn, runs.join, runs.leave, runs.undo)
"""Runs over all guests."""

_PRIVACY = (
    private.privacy,
    private.open_request,
    private.extend_request,
    private.close_request,
    private.reopen_request,
    private.receipt_done,
    private.let_in,
    private.would_go,
    private.keep,
    private.write_controller,
    private.take_back_controller,
    private.notice_file,
    private.consents,
    private.note_consent,
    private.ask_to_erase,
    private.erase,
    private.export_json,
    private.export_page,
    private.notice,
    private.register,
)


class Site(InitPlugin):
    """The pages. `public_url` decides whether cookies need HTTPS; `csrf_secret` signs the tokens of forms."""

    def __init__(  # noqa: PLR0913 - each is what some of the pages are made of
        self,
        *,
        public_url: str,
        csrf_secret: str,
        sources: Sources,
        house: HealthSources,
        door: Door,
        live: Live,
        set_up: SetUp | None = None,
        arrivals: Arrivals | None = None,
        fields: FieldChoices | None = None,
        who: SamePerson | None = None,
        saying: Saying | None = None,
        privacy: Privacy | None = None,
        tag_rules: TagRules | None = None,
        values: Survivorship | None = None,
        hygiene: Hygiene | None = None,
        runs: Runs | None = None,
    ) -> None:
        self._secure = public_url.startswith("https://")
        self._csrf_secret = csrf_secret
        self._sources = sources
        self._house = house
        self._door = door
        self._live = live
        self._set_up = set_up
        self._arrivals = arrivals
        self._fields = fields
        self._who = who
        self._saying = saying
        self._privacy = privacy
        self._tag_rules = tag_rules
        self._values = values
        self._hygiene = hygiene
        self._runs = runs

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the pages to an application."""
        app_config.route_handlers.append(self._router())
        app_config.csrf_config = CSRFConfig(
            secret=self._csrf_secret,
            cookie_name="servery_csrf",
            cookie_secure=self._secure,
            cookie_httponly=True,
            # Programs sign in by key, not by cookie: nobody can borrow their session.
            exclude="^/api/",
        )
        app_config.exception_handlers = {**HANDLERS, **app_config.exception_handlers}
        app_config.before_send.append(add_headers(self._secure))
        app_config.state["site_secure"] = self._secure
        return app_config

    def _router(self) -> Router:
        given: dict[str, object] = {
            "sources": self._sources,
            "house": self._house,
            "door": self._door,
            "live": self._live,
        }
        if self._set_up is not None:
            given["set_up"] = self._set_up
        if self._arrivals is not None:
            given["arrivals"] = self._arrivals
        if self._fields is not None:
            given["choices"] = self._fields
        if self._who is not None:
            given["who"] = self._who
        if self._saying is not None:
            given["saying"] = self._saying
        if self._privacy is not None:
            given["privacy"] = self._privacy
        if self._tag_rules is not None:
            given["tags"] = self._tag_rules
        if self._values is not None:
            given["values"] = self._values
        if self._hygiene is not None:
            given["hygiene"] = self._hygiene
        if self._runs is not None:
            given["all_"] = self._runs
        # Litestar copies a router deeply, down to the pool in a door; a function it leaves alone.
        door = self._door
        return Router(
            "/",
            route_handlers=[
                *_ROUTES,
                *(_SET_UP if self._set_up is not None else ()),
                *(_FIELDS if self._fields is not None else ()),
                *(_SAME_PERSON if self._who is not None else ()),
                *(_SAYING if self._saying is not None else ()),
                *(_PRIVACY if self._privacy is not None else ()),
                *(_TAGS if self._tag_rules is not None else ()),
                *(_VALUES if self._values is not None else ()),
                *(_HYGIENE if self._hygiene is not None else ()),
                *(_RUNS if self._runs is not None else ()),
            ],
            middleware=[DefineMiddleware(SessionMiddleware, door=lambda: door)],
            before_request=only_kept_text,
            dependencies={
                **{name: _provide(value) for name, value in given.items()},
                "frame": Provide(frame_of),
            },
            include_in_schema=False,
        )


def _provide(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)
