# Accounts and the money on them.
require "json"
require_relative "rates"
require_relative "lib/journal"

module Bank
  LIMIT = 10_000

  # Where accounts are kept.
  module Store
    def load(name)
      JSON.parse(File.read(name))
    end
  end

  # An account of one owner.
  class Account < Base
    include Store
    attr_reader :owner

    CURRENCIES = %w[EUR USD].freeze

    def initialize(owner, balance = 0)
      super(owner)
      @owner = owner
      @balance = balance
    end

    # Puts money on it.
    def deposit(amount, currency: "EUR")
      @balance += Rates.convert(amount, currency)
      check(@balance)
      @balance
    end

    def empty?
      @balance.zero?
    end

    def self.open(name)
      new(name).deposit 5
    end

    class << self
      def count
        total([])
      end
    end

    private

    # Raises when a balance is too large.
    def check(balance)
      raise ArgumentError, balance.to_s if balance > LIMIT
    end
  end

  class Savings < Account; end
end

def total(accounts)
  accounts.each { |account| puts account.owner }
  accounts.sum(&:balance)
end

total([Bank::Account.open("x")])
