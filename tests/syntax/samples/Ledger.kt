// Accounts and the money on them.
package org.example.bank

import java.math.BigDecimal
import org.example.bank.rates.convert
import org.example.bank.audit.Journal as Log

const val LIMIT = 10_000

typealias Money = BigDecimal

/** Where accounts are kept. */
interface Store {
    fun load(name: String): Account
}

enum class Kind { CURRENT, SAVINGS }

data class Entry(val owner: String, val amount: Money)

/**
 * An account of one owner.
 */
@Audited
open class Account(private val owner: String) : Base(owner), Store {
    private var balance: Money = BigDecimal.ZERO

    val empty: Boolean
        get() = balance == BigDecimal.ZERO

    /** Puts money on it. */
    suspend fun deposit(amount: Money, currency: String = "EUR"): Money {
        balance += convert(amount, currency)
        check(balance)
        Log.write("deposit")
        return balance
    }

    override fun load(name: String): Account = Account(name)

    companion object {
        const val STEP = 5

        fun open(name: String) = Account(name)
    }
}

object Registry {
    fun size(): Int = 1
}

// Throws when a balance is too large.
fun check(balance: Money) {
    if (balance.toInt() > LIMIT) {
        throw IllegalStateException(balance.toString())
    }
}

fun List<Account>.total(): Int {
    forEach { account -> check(account.value()) }
    return Registry.size()
}
