// Accounts and the money on them.
using System;
using System.Collections.Generic;
using static Bank.Rates;
using Log = Bank.Audit.Journal;

namespace Bank
{
    /// <summary>Where accounts are kept.</summary>
    public interface IStore
    {
        Account Load(string name);
    }

    public enum Kind { Current, Savings }

    public record Entry(string Owner, decimal Amount);

    public struct Point
    {
        public int X;
    }

    public delegate void Changed(Account account);

    /// <summary>An account of one owner.</summary>
    [Serializable]
    public class Account : Base, IStore
    {
        public const int Limit = 10000;
        private decimal balance;

        public Account(string owner) : base(owner)
        {
            Check(balance);
        }

        public bool Empty => balance == 0;

        /// <summary>Puts money on it.</summary>
        public async Task<decimal> Deposit(decimal amount, string currency = "EUR")
        {
            balance += Convert(amount, currency);
            Check(balance);
            await Log.WriteAsync(nameof(Deposit));
            return balance;
        }

        public Account Load(string name)
        {
            var entries = new List<Entry>();
            entries.Add(new Entry(name, balance));
            return new Account(name);
        }

        // Throws when a balance is too large.
        private static void Check(decimal balance)
        {
            decimal Rounded(decimal value) => Math.Round(value, 2);
            if (Rounded(balance) > Limit)
                throw new InvalidOperationException();
        }
    }
}
