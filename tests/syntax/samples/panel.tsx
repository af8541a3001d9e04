import React, { useState } from "react";
import { Account } from "./ledger";

interface Props {
  account: Account;
  onClose: () => void;
}

/** Shows one account. */
export function Panel({ account, onClose }: Props) {
  const [open, setOpen] = useState(true);
  if (!open) return null;
  return (
    <section>
      <Balance account={account} />
      <button onClick={() => setOpen(false)}>Hide</button>
      <button onClick={onClose}>Close</button>
    </section>
  );
}

export const Balance = ({ account }: { account: Account }) => <b>{format(account)}</b>;

function format<T>(value: T): string {
  return String(value);
}
