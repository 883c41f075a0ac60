// @ts-check
// Which messages of a chat a deletion removes, and what replies quote of them. Pure.

/** @typedef {{user_id: string, message_id: string, channel: string, at_ms: number}} Deletion */
/** @typedef {Deletion & {payload: any}} Said */

/**
 * One message by its id; or all messages of a user, or of the channel, up to the deletion.
 * @param {Deletion} deletion
 * @param {Said} said
 */
export function covers(deletion, said) {
  if (deletion.channel !== "" && said.channel !== "" && deletion.channel !== said.channel) return false;
  if (deletion.message_id !== "") return deletion.message_id === said.message_id;
  if (deletion.user_id !== "" && deletion.user_id !== said.user_id) return false;
  return said.at_ms <= deletion.at_ms;
}

/** Take a deleted message out of a reply to it. @param {Deletion} deletion @param {Said} said */
export function unquote(deletion, said) {
  const { reply_to } = said.payload;
  if (!reply_to || !covers(deletion, { ...said, user_id: "", message_id: "", ...reply_to })) return false;
  said.payload = { ...said.payload, reply_to: null };
  return true;
}
