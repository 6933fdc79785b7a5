-- Processes that receive webhooks hold what they need of a connection in memory: they are told when it changes, so that
-- a secret that was taken back opens nothing from that moment on.

create function tell_hooks() returns trigger language plpgsql as $$
begin
    perform pg_notify('servery_hooks', '');
    return null;
end $$;

create trigger connection_tells_hooks
    after insert or update of settings, sealed, account, removed_at or delete on connection
    for each statement execute function tell_hooks();

create trigger venue_link_tells_hooks
    after insert or update or delete on venue_link
    for each statement execute function tell_hooks();

create trigger application_tells_hooks
    after insert or update or delete on application
    for each statement execute function tell_hooks();
