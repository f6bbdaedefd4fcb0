"use strict";
// What was decided on the page, how to take it back, how to keep and export it. No DOM here.

const MOST_STEPS = 200;

// Decisions made here (`made`: name -> { choice, comment }) and the steps that led to them.
class Review {
  constructor(text) {
    this.made = restore(text);
    this.steps = [];
    this.commented = null;
  }

  // Decide about sequences, in one step; returns its words, or "" where all of them had that decision before.
  decide(sequences, choice) {
    const { changed, what, before } = this.foresee(sequences, choice);
    if (!changed.length) return "";
    const words = before ? `${what} (before: ${before})` : what;
    this.remember(words, changed);
    for (const sequence of changed) this.put(sequence, { choice, comment: this.of(sequence).comment });
    return words;
  }

  // Which of the sequences a decision would change, what it would do, and how many of them are what before it.
  foresee(sequences, choice) {
    const changed = sequences.filter((sequence) => this.of(sequence).choice !== choice);
    if (sequences.length === 1) return { changed, what: `${isolated(sequences[0].name)} ${WORDS[choice]}`, before: "" };
    const were = counts(changed, this.made);
    const before = ["none", ...CHOICES].filter((one) => were[one]).map((one) => `${were[one]} ${WORDS[one]}`).join(", ");
    return { changed, what: `${counted(changed.length, "sequence")} ${WORDS[choice]}`, before };
  }

  // Back to what is applied, or to undecided; a comment on an undecided sequence stays.
  takeBack(sequence) {
    const { choice, comment } = this.of(sequence);
    const here = this.made.get(sequence.name);
    if (!here || !choice) return "";
    this.remember(`decision on ${isolated(sequence.name)} taken back`, [sequence]);
    this.put(sequence, { choice: "", comment: sequence.decision ? "" : comment });
    return this.steps.at(-1).words;
  }

  // What is typed in one go is one step; `leave` ends it.
  comment(sequence, text) {
    if (this.commented !== sequence) {
      this.remember(`comment on ${isolated(sequence.name)}`, [sequence]);
      this.commented = sequence;
    }
    this.put(sequence, { choice: this.of(sequence).choice, comment: text });
  }

  leave() {
    this.commented = null;
  }

  // Take the last step back; returns it, or null.
  undo() {
    const step = this.steps.pop() || null;
    this.leave();
    for (const [name, before] of step ? step.before : []) {
      if (before) this.made.set(name, before);
      else this.made.delete(name);
    }
    return step;
  }

  of(sequence) {
    return decisionOf(sequence, this.made);
  }

  put(sequence, decision) {
    if (decision.choice || decision.comment) this.made.set(sequence.name, decision);
    else this.made.delete(sequence.name);
  }

  remember(words, sequences) {
    this.leave();
    this.steps.push({ words, before: sequences.map(({ name }) => [name, this.made.get(name)]) });
    if (this.steps.length > MOST_STEPS) this.steps.shift();
  }
}

if (typeof module !== "undefined") module.exports = { Review };
