// Doubles of Anthropic, OpenAI and Google for the demo: aimock, a server that others wrote, speaks their wire formats;
// what it says stands here.  `node doubles.mjs` prints one JSON object: the address of each, once all listen.
//
// The parts are cast: Claude reviews well and suspects one thing too many, GPT confirms, refutes and finds what is left,
// Gemini documents, and in the panel makes up a fault and agrees with whatever it is shown.
// Ids, numbers of claims and numbers of passages are read from the question, as a model would.
import { LLMock } from "@copilotkit/aimock";

// What they know of the sample, payment.py.

const QUERY = "query = f\"SELECT balance, currency FROM accounts WHERE user_id = '{user_id}'\"";
const UPDATE = 'db.execute("UPDATE accounts SET balance = ? WHERE user_id = ?", (balance - amount, user_id))';
const INSERT = 'db.execute("INSERT INTO payments (user_id, amount) VALUES (?, ?)", (user_id, amount))';
const CHARGE = "charge_card(card_number, amount, currency, GATEWAY_PASSWORD)";
const REFUND = 'db.execute("UPDATE accounts SET balance = balance + ? WHERE user_id = ?", (row[1], row[0]))';
const PRINT = 'print("charging", card_number[-4:], amount, currency)';
const LOG = 'logger.info("payment of %s for %s with card %s", amount, user_id, card_number)';

const claim = (line, quote, title, severity, cwe, confidence, explanation, remedy, more = {}) => ({
  path: "payment.py", quote, line, title, severity, category: cwe ? "security" : "bug", cwe, explanation, remedy,
  search: "", replace: "", caused_by: "", confidence, ...more,
});
const AMOUNT = claim(19, CHARGE, "A negative amount pays the caller", "high", "CWE-840", 0.85,
  "`amount` is taken as it comes: nothing holds it above zero or against the balance. Whoever sends -100 is booked 100.",
  "Refuse amounts that are not positive, or above the balance, before the card is charged.");
const TWICE = claim(37, REFUND, "A refund can be had twice, and is never committed", "high", null, 0.8,
  "Nothing marks the payment as refunded, so each call pays it again; and without a commit the row is lost on close.",
  "Mark the payment as refunded in the same transaction, and commit it.",
  { search: `    ${REFUND}\n    return True`, replace: `    ${REFUND}\n    db.commit()\n    return True` });
const NO_ROW = claim(17, "balance, currency = account", "An unknown user ends in a TypeError", "medium", null, 0.7,
  "`fetchone` gives None where there is no such account, and None cannot be unpacked.", "Check for None first.");
const NOBODY_ASKED = claim(35, "def refund(db: sqlite3.Connection, payment_id):", "Anybody's payment can be refunded",
  "medium", "CWE-639", 0.6, "`payment_id` is the only thing asked for; whose payment it is, is compared with nobody.",
  "Take the caller's identity, and compare it with the payment's user.");
const TOO_MUCH = claim(21, UPDATE, "The balance is written by a statement built from values", "high", "CWE-89", 0.6,
  "The UPDATE holds the user's id, which the caller chooses, so that it may become part of the statement.",
  "Bind the values.");
const MADE_UP = claim(30, PRINT, "The whole card number is printed", "high", "CWE-532", 0.9,
  "The card number goes to the console in full, where whoever reads the output has it.", "Leave it out.");
const NO_TRANSACTION = claim(23, "db.commit()", "Commit and rollback are left to chance", "medium", null, 0.7,
  "An error between the two statements leaves the first one pending on a connection that others use.",
  "Write `with db:` around both, which commits or rolls back.", { category: "practice" });

// What a careful reader says to each claim, by words of it; the first that fits counts.
const BORNE = "true", REFUTED = "false";
const JUDGED = [
  [/whole card number is printed/i, REFUTED, "`card_number[-4:]` is a slice: only the last four digits are printed.", PRINT],
  [/statement built from values/i, REFUTED, "The values are bound as parameters; the text is constant.", UPDATE],
  [/looked up without a check/i, REFUTED, "No such line stands in the source shown.", "account = db.execute(query).fetchone()"],
  [/negative amount/i, BORNE, "`amount` is passed on as it comes.", CHARGE],
  [/refund can be had twice/i, BORNE, "Nothing marks the payment, and nothing is committed here.", REFUND],
  [/TypeError/, BORNE, "`fetchone` gives None for an unknown user.", "balance, currency = account"],
  [/payment can be refunded/i, BORNE, "Nobody is asked whose payment it is.", "def refund(db: sqlite3.Connection, payment_id):"],
  [/secret|credential/i, BORNE, "GATEWAY_PASSWORD is handed to the card network as it stands.", CHARGE],
  [/log/i, BORNE, "The whole card number is written to the log.", LOG],
  [/injection/i, BORNE, "user_id comes from the caller and becomes part of the statement.", QUERY],
  [/swallowed|except/i, BORNE, "Whatever fails here, the payment is booked all the same.", "except:"],
];
const judged = (said) => JUDGED.find(([sign]) => sign.test(said)) ?? [null, "unsure", "The source shown does not decide it.", ""];

// What customers are told, by a word of their message: the reply, and words of the passage that it rests on.
const REPLIES = [
  [/reach you/i, "Good morning! We answer on working days from 9 to 17 o'clock. How can I help?",
    "We answer on working days from 9 to 17 o'clock."],
  [/502/, "Error 502 means that your card's bank did not answer in time, and nothing was charged.\n1. Wait a minute.\n" +
    "2. Pay again.\n3. If the error stays, send us the number below the message.",
    "An error 502 means that the card's bank did not answer in time."],
  [/business plan/i, "The business plan covers up to 25 people, so 20 fit: it is 49 dollars a month, for all of them " +
    "together. You can try it for 14 days without a card.", "The business plan costs 49 dollars a month for up to 25 people."],
  [/charged twice/i, "You were charged twice, and I am sorry for the trouble. A second charge is usually a reservation " +
    "that the bank lets go within five days. As yours is still there, please send us both dates.",
    "A second charge is usually a reservation that the bank lets go within five days."],
  [/password/i, "Please choose \"Forgotten\" at the sign-in page. The link that you are sent is good for one hour.",
    'A forgotten password is reset at the sign-in page under "Forgotten".'],
  [/person/i, "Of course. A colleague will take over and answer you personally.", ""],
];

// Reading the question.

const text = (content) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join(""));
const asked = (request) => text(request.messages.filter((one) => one.role === "user").at(-1)?.content);
const told = (request) => text(request.messages.find((one) => one.role === "system")?.content);
const listed = (question) => [...question.matchAll(/^- (F-[0-9a-f]+)\b(.*)$/gm)].map(([, id, rest]) => ({ id, rest }));

// Answers, each from the question.  What engines or earlier readers reported is spoken to in both forms that are asked for.

const judge = (summary, findings, verdict = "request_changes") => (question) => {
  const checked = [...new Map(listed(question).map(({ id, rest }) => [id, rest]))].map(([id, rest]) => {
    const [, real, reason, quote] = judged(rest);
    return { id, real, reason, quote };
  });
  const wrong = checked.filter((one) => one.real === REFUTED);
  return {
    summary, verdict, findings, checked,
    confirmed: checked.filter((one) => one.real === BORNE).map((one) => one.id),
    disputed: wrong.map(({ id, reason }) => ({ id, reason })),
  };
};

function claims(question) {
  return question.split(/^Claim (?=C\d+)/m).slice(1).map((part) => ({
    id: part.match(/^C\d+/)[0],
    text: part,
    quote: part.match(/Quoted as evidence:\n([^\n]+)/)?.[1].trim() ?? "",
  }));
}
const STANDS = { [BORNE]: "confirm", [REFUTED]: "dispute", unsure: "unsure" };
const careful = (question) => ({
  readings: claims(question).map(({ id, text: said, quote: shown }) => {
    if (/contains the quoted line, word for word/.test(said)) return { id, stand: "confirm", reason: "It stands there.", quote: shown };
    const [, real, reason, quote] = judged(said.match(/^Claim: (.*)$/m)?.[1] ?? said);
    return { id, stand: STANDS[real], reason, quote };
  }),
});
const flattering = (question) => ({
  readings: claims(question).map(({ id, quote }) => ({ id, stand: "confirm", reason: "Well seen, I agree.", quote })),
});

const document = (question) => ({
  symbols: [...question.matchAll(/^- (\S+::(\S+)) \(/gm)].map(([, symbol, name]) => ({
    symbol, details: "", parameters: [], returns: "", raises: [], example: "", ...DOCUMENTED[name],
  })),
});
const DOCUMENTED = {
  GATEWAY_PASSWORD: { summary: "The password that the card network is asked with." },
  refund: {
    summary: "Pay a payment's amount back to the balance of its user.",
    details: "It does not commit, and each call pays the amount again.",
    parameters: [
      { name: "db", description: "Where accounts and payments are kept." },
      { name: "payment_id", description: "Which payment to pay back." },
    ],
    returns: "True.",
  },
};

const support = (question) => {
  const message = question.split("The customer's message:\n").at(-1);
  const [, reply, quote] = REPLIES.find(([sign]) => sign.test(message)) ?? [0, "A colleague will look into it.", ""];
  const passage = [...question.matchAll(/^\[(\d+)\] .*\n((?:(?!\[\d+\] ).*\n?)*)/gm)].find(([, , words]) => quote && words.includes(quote));
  return {
    reply, citations: passage ? [{ passage: Number(passage[1]), quote }] : [], confidence: 0.9,
    needs_human: /person/.test(message), reason: /person/.test(message) ? "the customer asks for a person" : "",
  };
};
const intent = (question) => ({ intent: /502|password/.test(question) ? "technical_support" : /plan/.test(question) ? "sales_inquiry"
  : /charged|person/.test(question) ? "complaint" : "general", confidence: 0.9 });

// Who says what: a sign in the instructions, and the answer; the first that fits counts.

const EVERYBODY = [[/Say which of the listed intents/, intent], [/You answer a customer/, support], [/reference documentation/, document]];
const SUMMARY = "It charges a card and books the payment. A caller can read other accounts and pay himself, and a failed charge is booked.";
const ATTACK = "Whoever calls process_payment can read every account, and pay himself with a negative amount.";
const AGAIN = "The injection in line 15 is real; the one suspected in line 21 is not, since its values are bound.";
const CAST = {
  anthropic: [
    [/reads? all of this code/, judge(SUMMARY, [AMOUNT, TWICE, NO_ROW, TOO_MUCH])],
    [/knows how this language/, judge("It works without a transaction around what belongs together.", [NO_TRANSACTION], "comment")],
    [/who reviews code/, judge(SUMMARY, [AMOUNT, TWICE, NO_ROW])],
    [/judge what reviewers claim/, careful],
  ],
  openai: [
    [/shown the parts of/, judge(AGAIN, [NOBODY_ASKED])],
    [/security engineer/, judge(ATTACK, [AMOUNT, NOBODY_ASKED])],
    [/who reviews code/, judge("A caller can read other accounts, pay himself and refund what is not his.", [AMOUNT, NOBODY_ASKED])],
    [/judge what reviewers claim/, careful],
  ],
  google: [
    [/who reviews code/, judge("It takes payments; the card number is exposed.", [MADE_UP])],
    [/judge what reviewers claim/, flattering],
  ],
};

const urls = {};
for (const [vendor, part] of Object.entries(CAST)) {
  const mock = new LLMock({ port: 0, logLevel: "silent" });
  const all = [...part, ...EVERYBODY];
  mock.on({ predicate: () => true }, (request) => {
    const [, answer] = all.find(([sign]) => sign.test(told(request))) ?? [];
    if (!answer) return { error: { message: `Nothing stands here for: ${told(request).slice(0, 80)}`, type: "invalid_request_error" }, status: 400 };
    const content = JSON.stringify(answer(asked(request)));
    // It counts what it is asked to; about four characters are a token.
    const [prompt_tokens, completion_tokens] = [JSON.stringify(request.messages), content].map((one) => Math.ceil(one.length / 4));
    return { content, usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens } };
  });
  urls[vendor] = await mock.start();
}
console.log(JSON.stringify(urls));
