// Package ledger keeps accounts and the money on them.
package ledger

import (
	"errors"
	"fmt"
	rates "example.org/bank/rates"
)

// Limit is the largest balance.
const Limit = 10_000

const (
	Current Kind = iota
	Savings
)

var ErrLimit = errors.New("too much")

// Kind tells accounts apart.
type Kind int

// Store is where accounts are kept.
type Store interface {
	Load(name string) (*Account, error)
}

// Account is an account of one owner.
type Account struct {
	Owner   string
	balance int64
	kind    Kind
}

// New opens an account.
func New(owner string, kind Kind) *Account {
	return &Account{Owner: owner, kind: kind}
}

// Deposit puts money on it.
func (a *Account) Deposit(amount int64, currency string) (int64, error) {
	a.balance += rates.Convert(amount, currency)
	if err := check(a.balance); err != nil {
		return 0, fmt.Errorf("deposit: %w", err)
	}
	return a.balance, nil
}

func (s List[T]) Total() int64 {
	var sum int64
	for _, account := range s.items {
		sum += account.balance
	}
	return sum
}

type List[T any] struct {
	items []*Account
}

func check(balance int64) error {
	if balance > Limit {
		return ErrLimit
	}
	return nil
}

func run(store Store) {
	account, _ := store.Load("main")
	go func() {
		account.Deposit(1, "EUR")
	}()
	fmt.Println(New("x", Savings), max(1, 2))
}
