/* Accounts and the money on them. */
package org.example.bank;

import java.math.BigDecimal;
import java.util.*;
import static org.example.bank.Rates.convert;
import org.example.bank.audit.Journal;

/** Where accounts are kept. */
interface Store {
    Account load(String name) throws java.io.IOException;

    default int size() {
        return 1;
    }
}

enum Kind {
    CURRENT, SAVINGS;

    boolean pays() {
        return this == SAVINGS;
    }
}

record Entry(String owner, BigDecimal amount) {}

@interface Audited {}

/**
 * An account of one owner.
 */
@Audited
public class Ledger extends Base implements Store {
    public static final int LIMIT = 10_000;
    private BigDecimal balance = BigDecimal.ZERO;

    public Ledger(String owner) {
        super(owner);
        check(balance);
    }

    /** Put money on it. */
    @Override
    public BigDecimal deposit(BigDecimal amount, String currency) {
        balance = balance.add(convert(amount, currency));
        check(balance);
        return balance;
    }

    public Account load(String name) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(name, balance));
        entries.forEach(entry -> Journal.write(entry.owner()));
        return new Account(name);
    }

    // Throws when a balance is too large.
    static void check(BigDecimal balance) {
        if (balance.intValue() > LIMIT) {
            throw new IllegalStateException(balance.toString());
        }
    }

    static class Account {
        final String name;

        Account(String name) {
            this.name = name;
        }
    }
}
