/**
 * Maps an event to an action in the CRM. THIS FILE IS YOURS TO EDIT; nothing else has to change
 * with it. As shipped it is the mapping of `connectors/rest/mapping.ts`: copy that file's contents
 * here, and change them.
 *
 * A mapping is pure: no network, no clock. It is asked again for every delivery and every retry of
 * an event, and must give the same answer each time. It says, for an event:
 *
 * - `deliver`: an action for the CRM (`domain/crm/action.ts` has all kinds), and the ordering key.
 *   Events of one key are applied one at a time and never an older one over a newer one; events of
 *   different keys, and events without one (null), run side by side. One key per kind of data: two
 *   event types that write different fields need two keys, or the older of the two is dropped as
 *   stale although nothing has overwritten its field. Before a change of keys is deployed, let the
 *   queue run empty: an event that waits for its retry under another key is quarantined
 *   (`id_reused`). Events of one timestamp are ordered by `sequence`, if you give one, then by
 *   their ids. With `rows`, rows of your own are committed in the same transaction as the event's
 *   outcome: exactly once. Of an event that turns out stale, and is not sent to the CRM, only rows
 *   with `onlyIfAbsent` or `onlyIfNewer` are written: any other could replace the row of a newer
 *   event.
 * - `ignore`: acknowledged, recorded as IGNORED, counted by `cause` (`event_type`, `no_address`,
 *   `withheld`, `other`).
 * - `invalid`: quarantined as `invalid_event` with your reason, which must not quote the event's
 *   data.
 */
export { crmMapping } from './connectors/rest/mapping.ts';
