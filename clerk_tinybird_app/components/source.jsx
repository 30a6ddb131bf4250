// Source text with its keys, texts, numbers and keywords in colours, for a few languages alike.
import { Fragment } from "react";

const PARTS =
  /("(?:[^"\\]|\\.)*"(?=\s*:))|("(?:[^"\\]|\\.)*"|'[^']*')|\b(\d+)\b|\b(const|await|import)\b/g;
const KINDS = ["t-k", "t-s", "t-n", "t-f"];

// An address may continue on the next line before a parameter, and nowhere else.
const breakable = (text) =>
  text.split(/(?=[?&])/).map((part, index) => (
    <Fragment key={index}>
      {index ? <wbr /> : null}
      <span>{part}</span>
    </Fragment>
  ));

export function Source({ text }) {
  const parts = [];
  let end = 0;
  for (const found of (text ?? "").matchAll(PARTS)) {
    const [whole, ...groups] = found;
    const kind = KINDS[groups.findIndex((group) => group !== undefined)];
    parts.push(text.slice(end, found.index));
    parts.push(<i key={found.index} className={kind}>{breakable(whole)}</i>);
    end = found.index + whole.length;
  }
  return <>{parts}{(text ?? "").slice(end)}</>;
}
