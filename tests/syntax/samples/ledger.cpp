// Accounts and the money on them.
#include <string>
#include <vector>
#include "rates.hpp"

using std::string;

#define LIMIT 10000

namespace bank {

constexpr int step = 5;

enum class Kind { Current, Savings };

/// An account of one owner.
class Account : public Base {
public:
    explicit Account(string owner) : owner_(std::move(owner)) {}
    virtual ~Account() = default;

    /// Puts money on it.
    long deposit(long amount, const string &currency);

    bool empty() const { return balance_ == 0; }

    Account &operator+=(long amount)
    {
        deposit(amount, "EUR");
        return *this;
    }

private:
    string owner_;
    long balance_ = 0;
};

template <typename T>
struct Box {
    T value;
    T get() const { return value; }
};

// Throws when a balance is too large.
static void check(long balance)
{
    if (balance > LIMIT)
        throw std::out_of_range("too much");
}

long Account::deposit(long amount, const string &currency)
{
    balance_ += rates::convert(amount, currency);
    check(balance_);
    return balance_;
}

template <typename T>
T total(const std::vector<T> &items)
{
    T sum{};
    for (const auto &item : items)
        sum += item.get();
    return sum;
}

namespace report {
long print(Account *account)
{
    auto copy = new Account("x");
    auto twice = [&](long x) { return x * 2; };
    return twice(account->deposit(1, "EUR")) + total<long>({});
}
}  // namespace report

}  // namespace bank
