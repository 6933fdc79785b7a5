"""The API as one plugin of the application: routes, keys, limits, what goes wrong, and the document of it all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from litestar import Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.plugins import InitPlugin

from servery.api import (
    checks,
    connections,
    events,
    fields,
    guest_edits,
    guest_runs,
    guest_visits,
    guests,
    hygiene,
    joining,
    menus,
    merging,
    outbox,
    privacy,
    repairs,
    reservations,
    survivorship,
    tags,
    venues,
    visits,
)
from servery.api.asked import filters, paging
from servery.api.document import document
from servery.api.fields import Choosing
from servery.api.guest_edits import Editing
from servery.api.guest_runs import OverAll
from servery.api.hygiene import Tidying
from servery.api.joining import Joining
from servery.api.key import PER_MINUTE, KeyMiddleware, limited
from servery.api.merging import Merging
from servery.api.problem import for_api_paths
from servery.api.sound import only_sound
from servery.api.survivorship import Surviving
from servery.api.tags import Ruling
from servery.errors import Forbidden
from servery.privacy.handling import Handling
from servery.storage.pool import Pool

Given = TypeVar("Given")
PATH = "/api/v1"
_ROUTES = (
    venues.venues,
    venues.venue,
    reservations.reservations,
    reservations.reservation,
    checks.checks,
    checks.check,
    visits.visits,
    visits.visit,
    guests.guests,
    guests.search_guests,
    guests.guest,
    guest_visits.guest_visits,
    guest_edits.change_guest,
    guest_edits.guest_edits,
    guest_edits.undo_guest_edit,
    guest_edits.add_guest_entry,
    guest_edits.strike_guest_entry,
    survivorship.survivorship,
    survivorship.choose_survivorship,
    survivorship.undo_survivorship,
    tags.tag_rules,
    tags.add_tag_rule,
    tags.change_tag_rule,
    tags.remove_tag_rule,
    tags.undo_tag_rule,
    merging.guest_suggestions,
    merging.decide_suggestion,
    merging.merge_guests,
    merging.unmerge_guest,
    merging.part_guest,
    merging.keep_guests_apart,
    merging.guest_log,
    merging.undo_guest_step,
    guest_runs.guest_works,
    guest_runs.guest_work,
    guest_runs.look_at_all_guests,
    guest_runs.learn_guest_weights,
    guest_runs.found_joins,
    guest_runs.found_asks,
    guest_runs.found_parts,
    guest_runs.join_found_guests,
    guest_runs.leave_look,
    guest_runs.guest_runs,
    guest_runs.undo_guest_run,
    guest_runs.guest_weights,
    menus.menus,
    menus.menu,
    connections.connections,
    connections.connection,
    fields.connection_fields,
    fields.choose_fields,
    joining.test_settings,
    joining.join_system,
    joining.change_connection,
    joining.connection_tables,
    joining.pair_connection_tables,
    events.events,
    events.event,
    events.replay_event,
    events.replay_events,
    outbox.outbox,
    outbox.send_outgoing,
    repairs.repairs,
    repairs.repair,
    repairs.snooze_repair,
    repairs.heed_repair,
    hygiene.mend_lists,
    hygiene.mend_list,
    hygiene.look_over_guests,
    hygiene.profile_completeness,
    hygiene.ageing_rules,
    hygiene.choose_ageing,
    hygiene.leave_out_old_facts,
    hygiene.undo_ageing_run,
    privacy.subject_requests,
    privacy.open_subject_request,
    privacy.extend_subject_request,
    privacy.close_subject_request,
    privacy.export_guest,
    privacy.erase_guest,
    privacy.erasures,
    privacy.receipt_done,
    privacy.guest_consent,
    privacy.note_guest_consent,
    privacy.let_in_again,
    privacy.controller,
    privacy.write_controller,
)


class Api(InitPlugin):
    """The API. List it after the pages: errors outside /api/ stay theirs. `per_minute` is what one key may ask."""

    def __init__(  # noqa: PLR0913 - each is what some of the routes are made of
        self,
        pool: Pool,
        per_minute: int = PER_MINUTE,
        *,
        joining: Joining | None = None,
        choosing: Choosing | None = None,
        private: Handling | None = None,
        merging: Merging | None = None,
        editing: Editing | None = None,
        ruling: Ruling | None = None,
        surviving: Surviving | None = None,
        tidying: Tidying | None = None,
        over_all: OverAll | None = None,
    ) -> None:
        self._pool = pool
        self._joining = joining
        self._choosing = choosing
        self._private = private
        self._merging = merging
        self._editing = editing
        self._ruling = ruling
        self._surviving = surviving
        self._tidying = tidying
        self._over_all = over_all
        self._per_minute = per_minute

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the API to an application."""
        app_config.route_handlers.append(self._router())
        app_config.exception_handlers = for_api_paths(app_config.exception_handlers)
        app_config.openapi_config = document(PATH)
        return app_config

    def _router(self) -> Router:
        # Litestar copies a router deeply; a function it leaves alone.
        pool = Provide(lambda: self._pool, sync_to_thread=False, use_cache=True)
        return Router(
            PATH,
            route_handlers=_ROUTES,
            middleware=[DefineMiddleware(KeyMiddleware, pool=lambda: self._pool), limited(self._per_minute).middleware],
            before_request=only_sound,
            dependencies={
                "pool": pool,
                "joining": Provide(_giving(self._joining), sync_to_thread=False),
                "choosing": Provide(_giving(self._choosing), sync_to_thread=False),
                "private": Provide(_giving(self._private), sync_to_thread=False),
                "merging": Provide(_giving(self._merging), sync_to_thread=False),
                "editing": Provide(_giving(self._editing), sync_to_thread=False),
                "ruling": Provide(_giving(self._ruling), sync_to_thread=False),
                "surviving": Provide(_giving(self._surviving), sync_to_thread=False),
                "tidying": Provide(_giving(self._tidying), sync_to_thread=False),
                "over_all": Provide(_giving(self._over_all), sync_to_thread=False),
                "paging": Provide(paging, sync_to_thread=False),
                "filters": Provide(filters, sync_to_thread=False),
            },
        )


def _giving(given: Given | None) -> Callable[[], Given]:
    """Systems are joined, and fields chosen, where the rooms are wired; an API served apart from them only tells."""

    def give() -> Given:
        if given is None:
            raise Forbidden("Systems are not joined here.")
        return given

    return give
