#!/usr/bin/env bash
# Accounts and the money on them.

set -euo pipefail

source "$(dirname "$0")/rates.sh"
. ./lib/journal.sh

readonly LIMIT=10000
declare -r STEP=5
LEDGER="${LEDGER:-ledger.txt}"

# Fails when a balance is too large.
check() {
    local balance=$1
    if ((balance > LIMIT)); then
        echo "too much: $balance" >&2
        return 1
    fi
}

# Puts money on it.
function deposit {
    local owner=$1 amount=$2
    local balance
    balance=$(balance_of "$owner")
    balance=$((balance + $(convert "$amount" EUR)))
    check "$balance"
    cat >>"$LEDGER" <<END
$owner $balance
END
    journal_write "deposit $owner"
}

function balance_of() {
    grep "^$1 " "$LEDGER" | tail -n 1 | cut -d' ' -f2
}

total() {
    local sum=0
    while read -r _ balance; do
        sum=$((sum + balance))
    done <"$LEDGER"
    echo "$sum"
}

main() {
    case "${1:-}" in
        deposit) deposit "$2" "$3" ;;
        total) total ;;
        *) echo "usage: $0 deposit|total" >&2; exit 2 ;;
    esac
}

main "$@"
