/** Messages in OpenCode's form: a head and parts, some of which were said and others added. */

/** Return the texts that were said in a message. Contents of files, recalled blocks and the like are synthetic. */
export function readTexts(parts) {
  return parts.filter((part) => part.type === "text" && !part.synthetic && !part.ignored).map((part) => part.text)
}

/** Return the part of a message that the hook gets: what tools read and wrote is large, and was not said. */
export function pickSaid({ info, parts }) {
  const { id, role, time, summary } = info
  return { info: { id, role, time, summary: summary === true }, texts: readTexts(parts) }
}

/** Return a part for the model that isn't the user's. OpenCode orders parts by id: this one comes after the last. */
export function makePart(sessionID, message, parts, text) {
  const id = `${parts.at(-1)?.id ?? "prt_"}m`
  return { id, sessionID, messageID: message.id, type: "text", text, synthetic: true }
}
