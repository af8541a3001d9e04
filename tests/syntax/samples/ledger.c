/* Accounts and the money on them. */
#include <stdio.h>
#include <stdlib.h>
#include "rates.h"

#define LIMIT 10000
#define SQUARE(x) ((x) * (x))

typedef long long money_t;

enum kind { CURRENT, SAVINGS };

/* An account of one owner. */
struct account {
    const char *owner;
    money_t balance;
    enum kind kind;
};

typedef struct {
    struct account *items;
    size_t count;
} ledger_t;

union word {
    int number;
    char bytes[4];
};

static const money_t STEP = 5;

money_t total(const ledger_t *ledger);

/* Fails when a balance is too large. */
static int check(money_t balance)
{
    if (balance > LIMIT) {
        fprintf(stderr, "too much\n");
        return -1;
    }
    return 0;
}

// Puts money on it.
money_t deposit(struct account *account, money_t amount, const char *currency)
{
    account->balance += convert(amount, currency);
    if (check(account->balance) != 0)
        abort();
    return account->balance;
}

struct account *open_account(const char *owner)
{
    struct account *account = malloc(sizeof *account);
    account->owner = owner;
    account->balance = SQUARE(STEP);
    return account;
}

money_t total(const ledger_t *ledger)
{
    money_t sum = 0;
    for (size_t i = 0; i < ledger->count; i++)
        sum += ledger->items[i].balance;
    return sum;
}
