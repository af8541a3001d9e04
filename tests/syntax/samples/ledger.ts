/** Accounts and the money on them. */
import { readFile } from "node:fs/promises";
import type { Rate } from "./rates";
import * as money from "./money";
import defaults, { convert as exchange } from "../lib/exchange";

export const LIMIT = 10_000;

export type Currency = "EUR" | "USD";

/** Where accounts are kept. */
export interface Store {
  load(name: string): Promise<Account>;
  readonly size: number;
}

export enum Kind {
  Current,
  Savings,
}

/**
 * An account of one owner.
 */
export class Account implements Store {
  readonly size = 1;
  #balance = 0;

  constructor(private owner: string, balance = 0) {
    this.#balance = balance;
    check(balance);
  }

  get empty(): boolean {
    return this.#balance === 0;
  }

  /** Put money on it. */
  async deposit(amount: number, currency: Currency = "EUR"): Promise<number> {
    this.#balance += exchange(amount, currency);
    check(this.#balance);
    return this.#balance;
  }

  async load(name: string): Promise<Account> {
    const text = await readFile(name, "utf-8");
    return new Account(JSON.parse(text).owner, money.parse(text));
  }
}

abstract class Base<T extends Store> {
  abstract total(items: T[]): number;
}

// Throws when a balance is too large.
export function check(balance: number): void {
  if (balance > LIMIT) {
    throw new RangeError(`${balance}`);
  }
}

export const total = (accounts: Account[], rate: Rate): number => {
  accounts.forEach((account) => check(account.size));
  return accounts.length * defaults.factor(rate);
};

namespace Report {
  export function print(account: Account): string {
    return total([account], { value: 1 }).toFixed(2);
  }
}
