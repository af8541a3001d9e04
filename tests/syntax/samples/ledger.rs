//! Accounts and the money on them.

use std::collections::HashMap;
use std::fmt::{self, Display};
use crate::rates::{convert, latest as newest};
mod journal;

/// The largest balance.
pub const LIMIT: i64 = 10_000;
static NAME: &str = "bank";

pub type Money = i64;

/// Where accounts are kept.
pub trait Store {
    fn load(&self, name: &str) -> Option<Account>;

    fn size(&self) -> usize {
        1
    }
}

#[derive(Debug, Clone)]
pub enum Kind {
    Current,
    Savings { rate: f64 },
}

/// An account of one owner.
#[derive(Debug, Clone)]
pub struct Account {
    owner: String,
    balance: Money,
}

impl Account {
    /// Opens an account.
    pub fn new(owner: &str) -> Self {
        Account { owner: owner.to_string(), balance: 0 }
    }

    /// Puts money on it.
    pub async fn deposit(&mut self, amount: Money, currency: &str) -> Result<Money, String> {
        self.balance += convert(amount, currency);
        check(self.balance)?;
        Ok(self.balance)
    }
}

impl<'a> Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.owner)
    }
}

// Fails when a balance is too large.
fn check(balance: Money) -> Result<(), String> {
    if balance > LIMIT {
        return Err(format!("{} at {}", balance, newest()));
    }
    Ok(())
}

macro_rules! total {
    ($($x:expr),*) => { 0 $(+ $x)* };
}

mod report {
    pub fn print(accounts: &HashMap<String, super::Account>) -> usize {
        let first = super::Account::new("x");
        accounts.len() + journal::write(first)
    }
}
