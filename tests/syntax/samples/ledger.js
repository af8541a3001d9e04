// Accounts and the money on them.
"use strict";

const fs = require("fs");
const { convert, latest: newest } = require("./rates");
import defaults from "./defaults.js";
import * as money from "../money.js";

const LIMIT = 10000;

/** An account of one owner. */
class Account extends Base {
  static currency = "EUR";
  #balance = 0;

  constructor(owner, balance = 0) {
    super(owner);
    this.#balance = balance;
  }

  /** Put money on it. */
  async deposit(amount, currency = "EUR") {
    this.#balance += convert(amount, currency);
    check(this.#balance);
    return this.#balance;
  }

  get empty() {
    return this.#balance === 0;
  }

  handle = (event) => {
    this.deposit(event.amount);
  };
}

// Throws when a balance is too large.
// The limit is fixed.
function check(balance) {
  if (balance > LIMIT) {
    throw new RangeError(String(balance));
  }
}

const total = async (accounts) => {
  accounts.forEach((account) => check(account.balance));
  return accounts.reduce((sum, account) => sum + account.balance, 0);
};

function* walk(tree) {
  yield tree;
  yield* walk(tree.left);
}

const api = {
  load(name) {
    return JSON.parse(fs.readFileSync(name, "utf-8"));
  },
};

exports.open = function open(name) {
  return new Account(api.load(name).owner, newest(money.zero, defaults));
};

module.exports = { Account, total, walk };
