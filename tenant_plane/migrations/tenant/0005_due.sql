-- Snoozes that end are known to the plane (plane.due), so that it need not look for them in every tenant.
create trigger incidents_snooze_begun after insert on incidents for each row
    when (new.snoozed_until is not null) execute function plane.stamp_due('snooze', 'snoozed_until');
create trigger incidents_snoozed after update of snoozed_until on incidents for each row
    when (new.snoozed_until is not null and new.snoozed_until is distinct from old.snoozed_until)
    execute function plane.stamp_due('snooze', 'snoozed_until');

insert into plane.due (schema_name, kind, due_at)
select current_schema(), 'snooze', snoozed_until from incidents where snoozed_until is not null;
