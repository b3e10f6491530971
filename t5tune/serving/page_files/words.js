// Words of texts, where they are, and how words of a source and of a translation belong together.
"use strict";

const UNSPACED_WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const LONGEST_GAP = 40; // characters between two tokens of an alignment, of which one was not found

function escapePattern(text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

// Returns where the words of a text are, as {start, end, text}. Where a script has no spaces between
// them, the browser's dictionary finds them.
function findWords(text) {
  const words = [];
  for (const match of text.matchAll(/\S+/g)) {
    if (UNSPACED_WORD.test(match[0]) && segmenter !== null) {
      for (const piece of segmenter.segment(match[0])) {
        const start = match.index + piece.index;
        if (piece.isWordLike || words.length === 0 || words.at(-1).end !== start) {
          words.push({ start, end: start + piece.segment.length });
        } else {
          words.at(-1).end += piece.segment.length; // punctuation goes with the word before it
        }
      }
    } else {
      words.push({ start: match.index, end: match.index + match[0].length });
    }
  }
  return words.map((word) => ({ ...word, text: text.slice(word.start, word.end) }));
}

// Returns where a sentence is in a text from a place on, as {start, end}; null if it is not there. The
// text may break lines, perhaps quoted ones, where the sentence has spaces.
function findSentence(sentence, text, from) {
  const plain = text.indexOf(sentence, from);
  if (plain >= 0 && sentence !== "") {
    return { start: plain, end: plain + sentence.length };
  }
  const words = sentence.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) {
    return null;
  }
  const pattern = new RegExp(words.map(escapePattern).join("[\\s>]+"), "gu");
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? null : { start: match.index, end: match.index + match[0].length };
}

// Returns where tokens are in a text, in their order; null for one that is not there.
function findTokens(tokens, text) {
  let done = 0;
  return tokens.map((token) => {
    const start = text.indexOf(token, done);
    if (start < 0 || start - done > LONGEST_GAP) {
      return null;
    }
    done = start + token.length;
    return { start, end: done };
  });
}

// Returns for each word the tokens that lie in it, each with the share of the token that does.
function shareTokens(words, tokens) {
  return words.map((word) => tokens.flatMap((token, number) => {
    const inside = token === null ? 0 : Math.min(word.end, token.end) - Math.max(word.start, token.start);
    return inside > 0 ? [{ number, share: inside / (token.end - token.start) }] : [];
  }));
}

// Returns the weights of an alignment as rows of the translation's words over the source's words, whatever
// its tokens are.
function weighWords(alignment, sourceText, sourceWords, targetText, targetWords) {
  const columns = shareTokens(sourceWords, findTokens(alignment.source_tokens, sourceText));
  const rows = shareTokens(targetWords, findTokens(alignment.target_tokens, targetText));
  return rows.map((tokens) => columns.map((parts) => {
    let weight = 0;
    let total = 0;
    for (const { number, share } of tokens) {
      total += share;
      for (const part of parts) {
        weight += share * part.share * alignment.weights[number][part.number];
      }
    }
    return total > 0 ? weight / total : 0;
  }));
}

// Splits the text of a translated sentence, with what is around it, as {before, core, after}.
function splitAround(text, translation) {
  const plain = text.lastIndexOf(translation); // what is before it may be any text
  const place = findSentence(translation, text, Math.max(plain, 0));
  if (place === null) {
    return { before: text, core: "", after: "" };
  }
  return {
    before: text.slice(0, place.start),
    core: text.slice(place.start, place.end),
    after: text.slice(place.end),
  };
}
