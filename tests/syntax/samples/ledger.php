<?php
// Accounts and the money on them.

declare(strict_types=1);

namespace Bank;

use Bank\Audit\Journal;
use Bank\Rates as Exchange;
use function Bank\Tools\{convert, latest};

require_once __DIR__ . '/rates.php';
include "config.php";

const LIMIT = 10000;

/** Where accounts are kept. */
interface Store
{
    public function load(string $name): Account;
}

trait Logs
{
    protected function log(string $text): void
    {
        Journal::write($text);
    }
}

enum Kind: string
{
    case Current = 'current';
    case Savings = 'savings';
}

/**
 * An account of one owner.
 */
#[Audited]
final class Account extends Base implements Store
{
    use Logs;

    public const STEP = 5;
    private int $balance = 0;

    public function __construct(private string $owner)
    {
        parent::__construct($owner);
    }

    /** Puts money on it. */
    public function deposit(int $amount, string $currency = 'EUR'): int
    {
        $this->balance += convert($amount, $currency);
        check($this->balance);
        $this->log('deposit');
        return $this->balance;
    }

    public function load(string $name): Account
    {
        return new Account($name);
    }
}

// Throws when a balance is too large.
function check(int $balance): void
{
    if ($balance > LIMIT) {
        throw new \RangeException((string) $balance);
    }
}

function total(Account ...$accounts): int
{
    return array_sum(array_map(fn ($account) => $account->deposit(0), $accounts));
}
