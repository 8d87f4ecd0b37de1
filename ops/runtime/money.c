#include "ops/runtime/money.h"

#include <string.h>

/* ISO 4217:2015, active codes of currencies that are spent (no funds, no metals, no test codes). */
static const char currencies[] = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF "
                                 "BMD BND BOB BRL BSD BTN BWP BYN BZD "
                                 "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN "
                                 "ETB EUR FJD FKP GBP GEL GHS GIP GMD "
                                 "GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY "
                                 "KES KGS KHR KMF KPW KRW KWD KYD KZT "
                                 "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
                                 "MWK MXN MYR MZN NAD NGN NIO NOK NPR "
                                 "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD "
                                 "SCR SDG SEK SGD SHP SLE SOS SRD SSP "
                                 "STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD "
                                 "UYU UZS VED VES VND VUV WST XAF XCD "
                                 "XOF XPF YER ZAR ZMW ZWG ";

bool money_currency_valid(const char *code)
{
    if (strlen(code) != 3)
        return false;
    for (const char *p = currencies; *p; p += 4) {
        if (memcmp(p, code, 3) == 0)
            return true;
    }
    return false;
}

bool money_add(int64_t a, int64_t b, int64_t *ret)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum) || sum > MONEY_AMOUNT_MAX)
        return false;
    *ret = sum;
    return true;
}
