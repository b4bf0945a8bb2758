package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
)

// around are the texts that a value without context stands in. None of them ends where
// another number goes on.
var around = []string{"%s", "value %s", "got %s, retrying", `{"v":"%s"}`, "x=%s", "(%s)", "customer wrote: %s.", "<b>%s</b>", "a;%s;b", "[%s]", "'%s'", "see %s for more\nnext line"}

// numPositives are values of the detectors of numbers, each in texts of several kinds.
func numPositives(r *rand.Rand) []positive {
	var all []positive
	add := func(detector, key, template, value string) {
		all = append(all, placed(detector, key, template, value))
	}
	for _, plan := range cardPlans {
		for range 12 {
			if plan.long > 0 {
				long := luhnNumber(r, pick(r, plan.prefixes...), plan.long)
				add("credit_card", "", pick(r, "card number %s", "PAN: %s", "paid %s 12/29"), long)
				add("credit_card", "cardNumber", "%s", long)
			}
			card := luhnNumber(r, pick(r, plan.prefixes...), pick(r, plan.sizes...))
			add("credit_card", "", pick(r, around...), groupCard(r, card))
			add("credit_card", "", "card=%s,exp=12/29", card)
			add("credit_card", "", fill(r, "order ##### paid "+"%s 12/29 ###"), card)
		}
	}
	for _, country := range ibanPlans {
		for range 5 {
			iban := checkedIBAN(r, country)
			add("iban", "", pick(r, around...), iban)
			add("iban", "", pick(r, around...), group(iban, pick(r, " ", "-", "\u00a0"), 4, 4, 4, 4, 4, 4, 4, 4))
			add("iban", "iban", "%s", strings.ToLower(iban))
			add("iban", "", "IBAN %s BIC "+fill(r, "AAAA")+iban[:2]+"2L", iban)
		}
	}
	for range 150 {
		ssn := fmt.Sprintf("%03d%02d%04d", pick(r, 1+r.IntN(665), 667+r.IntN(233)), 1+r.IntN(99), 1+r.IntN(9999))
		add("us_ssn", "", pick(r, around...), group(ssn, pick(r, "-", "-", " "), 3, 2))
		add("us_ssn", "", pick(r, "SSN: %s", "her social security number is %s.", "ssn=%s"), ssn)
		add("us_ssn", pick(r, "ssn", "social_security_number", "taxpayerSSN"), "%s", ssn)
		itin := fmt.Sprintf("9%02d%02d%04d", r.IntN(100), pick(r, 50+r.IntN(16), 70+r.IntN(19), 90+r.IntN(3), 94+r.IntN(6)), r.IntN(10000))
		add("us_itin", "", pick(r, around...), group(itin, "-", 3, 2))
		add("us_itin", "itin", "%s", itin)
		nhs := nhsNumber(r)
		add("uk_nhs", "", pick(r, around...), group(nhs, " ", 3, 3))
		add("uk_nhs", "", pick(r, "NHS number %s", "NHS no: %s"), nhs)
		add("uk_nhs", "nhsNumber", "%s", nhs)
		nino := pick(r, "AA", "CE", "JT", "PW", "ZX") + fill(r, "######") + pick(r, "A", "B", "C", "D")
		add("uk_nino", "", pick(r, around...), nino)
		add("uk_nino", "", pick(r, around...), group(nino, " ", 2, 2, 2, 2))
		y, m, d := 1920+r.IntN(100), 1+r.IntN(12), 1+r.IntN(28)
		born := pick(r, fmt.Sprintf("%04d-%02d-%02d", y, m, d), fmt.Sprintf("%d.%d.%d", d, m, y), fmt.Sprintf("%02d/%02d/%d", m, d, y),
			fmt.Sprintf("%d %s %d", d, pick(r, "January", "Feb", "March", "Sept"), y), fmt.Sprintf("%s %d, %d", pick(r, "October", "Dec"), d, y))
		add("date_of_birth", pick(r, "dob", "date_of_birth", "birthDate", "Geburtsdatum"), "%s", born)
		add("date_of_birth", "", pick(r, "DOB: %s", "born on %s in Leeds", "né le %s", "geboren am %s.", "her birthday is %s"), born)
	}
	for _, plan := range phonePlans {
		for range 4 {
			national := fill(r, plan.national)
			add("phone", pick(r, "phone", "mobileNumber", "customer_tel"), "%s", pick(r, national, digits(national)))
			add("phone", "", pick(r, "phone: %s", "Tel. %s", "please call %s today", "fax=%s"), pick(r, national, digits(national)))
			if plan.tells {
				add("phone", "", pick(r, around...), national)
			}
			significant := fill(r, plan.significant)
			add("phone", "", pick(r, around...), "+"+plan.code+digits(significant))
			add("phone", "", pick(r, around...), "+"+plan.code+pick(r, " ", "-")+significant)
		}
	}
	return all
}

// cardPlans are what the networks give out.
var cardPlans = []struct {
	network  string
	prefixes []string
	sizes    []int
	long     int // a size that is allowed and rare, and needs a word or a key
}{
	{"Visa", []string{"4"}, []int{16, 16, 16, 19}, 0},
	{"Mastercard", []string{"51", "52", "53", "54", "55", "2221", "2345", "2699", "2720"}, []int{16}, 0},
	{"American Express", []string{"34", "37"}, []int{15}, 0},
	{"Diners Club", []string{"300", "305", "36", "38", "39", "3095"}, []int{14, 16}, 19},
	{"Discover", []string{"6011", "644", "649", "65", "622126", "622925"}, []int{16}, 19},
	{"JCB", []string{"3528", "3589", "3555"}, []int{16}, 19},
	{"UnionPay", []string{"62", "81"}, []int{16, 19}, 0},
	{"Maestro", []string{"5018", "5020", "5038", "5893", "6304", "6759", "6761", "6763"}, []int{16}, 19},
	{"Mir", []string{"2200", "2204"}, []int{16}, 19},
	{"RuPay", []string{"60", "65", "81", "82", "508"}, []int{16}, 0},
	{"Elo", []string{"636368", "509040", "650031"}, []int{16}, 0},
	{"Verve", []string{"506099", "506150", "507865"}, []int{16}, 18},
	{"Troy", []string{"9792", "65"}, []int{16}, 0},
	{"Dankort", []string{"5019", "4571"}, []int{16}, 0},
	{"InstaPayment", []string{"637", "639"}, []int{16}, 0},
	{"UzCard, Humo", []string{"8600", "9860"}, []int{16}, 0},
	{"NAPAS", []string{"9704"}, []int{16}, 0},
	{"Hipercard", []string{"606282"}, []int{16}, 0},
}

// luhnNumber is a random number with a prefix and a right check digit.
func luhnNumber(r *rand.Rand, prefix string, size int) string {
	b := []byte(prefix + fill(r, strings.Repeat("#", size-len(prefix))))
	for b[size-1] = '0'; !luhnOracle(b); b[size-1]++ {
	}
	return string(b)
}

// luhnOracle is luhn said in another way: the table of doubled digits.
func luhnOracle(b []byte) bool {
	sum := 0
	for i, c := range b {
		if (len(b)-i)%2 == 0 {
			sum += int("0246813579"[c-'0'] - '0')
		} else {
			sum += int(c - '0')
		}
	}
	return sum%10 == 0
}

// groupCard writes a card as it is printed, or without spaces.
func groupCard(r *rand.Rand, card string) string {
	sep := pick(r, "", " ", "-", "\u00a0")
	switch len(card) {
	case 14, 15:
		return group(card, sep, 4, 6)
	case 16, 19:
		return group(card, sep, 4, 4, 4, 4)
	}
	return card
}

// ibanPlans are the forms of accounts: a letter for a character of that kind, as in the registry of SWIFT.
var ibanPlans = []string{
	"AD########AAAAAAAAAAAA", "AE###################", "AL########AAAAAAAAAAAAAAAA", "AT################", "AZAAAA####################", "BA################", "BE############",
	"BGAAAA######AAAAAAAA", "BHAAAA##############", "BR#######################AA", "BY####AAAA############AAAA", "CH#####AAAA########", "CR##################", "CY########################",
	"CZ####################", "DE##################", "DK##############", "DO####AAAA################", "EE################", "EG#########################", "ES####################",
	"FI##############", "FO##############", "FR##########AAA########AA", "GBAAAA##############", "GEAA################", "GIAAAA#########AAAAAA", "GL##############", "GR#######################",
	"GTAAAA####################", "HR#################", "HU########################", "IEAAAA##############", "IL###################", "IQAAAA###############", "IS######################",
	"ITA######################", "JOAAAA####AAAAAA############", "KWAAAA######################", "KZ###AAAA#########", "LB####AAAA################", "LCAAAA########################", "LI#################",
	"LT################", "LU###AAA##########", "LVAAAA#############", "LY#####################", "MC##########AAA########AA", "MDAA##################", "ME##################", "MK###############",
	"MR#######################", "MTAAAA#####AAAAA#############", "MUAAAA###################AAA", "NLAAAA##########", "NO###########", "PKAAAA################", "PL########################",
	"PSAAAA#####################", "PT#####################", "QAAAAA#####################", "ROAAAA################", "RS##################", "SA##AA################", "SCAAAA####################AAA",
	"SE####################", "SI###############", "SK####################", "SM" + "A######################", "ST#####################", "SVAAAA####################", "TL###################", "TN####################",
	"TR######AAAA############", "UA######AAAA###############", "VA##################", "VGAAAA################", "XK################",
}

// checkedIBAN is a random account of a country with right check digits.
func checkedIBAN(r *rand.Rand, plan string) string {
	country, account := plan[:2], fill(r, plan[2:])
	rest := 0
	for _, c := range account + country + "00" {
		if unicode.IsDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return fmt.Sprintf("%s%02d%s", country, 98-rest, account)
}

// nhsNumber is a random number with a right check digit.
func nhsNumber(r *rand.Rand) string {
	for {
		b := []byte(fill(r, pick(r, "4########", "6########", "7########")))
		sum := 0
		for i, c := range b {
			sum += int(c-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return string(append(b, byte('0'+check)))
		}
	}
}

// phonePlans are how people of each country write numbers. Where tells is true, the groups
// are enough to know; elsewhere a key or a word must say what it is.
var phonePlans = []struct {
	code, national, significant string
	tells                       bool
}{
	{"1", "(N##) N##-####", "N## N## ####", true}, {"1", "N##-N##-####", "N##-N##-####", true}, {"1", "N##.N##.####", "N##N######", true}, {"1", "1-N##-N##-####", "(N##) N##-####", true},
	{"44", "020 7### ####", "20 7### ####", true}, {"44", "0161 ### ####", "161 ### ####", true}, {"44", "07### ######", "7### ######", true}, {"44", "(020) 7### ####", "(0)20 7### ####", true},
	{"33", "01 ## ## ## ##", "6 ## ## ## ##", true}, {"33", "06.##.##.##.##", "1 ## ## ## ##", true}, {"49", "030 N#######", "30 N#######", true}, {"49", "0171 N######", "171 N######", true}, {"49", "089/N######", "(0)89 N######", true},
	{"34", "6## ### ###", "6## ### ###", true}, {"39", "06 N### ####", "06 N### ####", true}, {"39", "3## ### ####", "3## ### ####", false}, {"351", "91# ### ###", "91# ### ###", true}, {"31", "06 N#######", "6 N#######", true},
	{"31", "020 N## ####", "20 N## ####", true}, {"32", "0470 ## ## ##", "470 ## ## ##", true}, {"41", "044 N## ## ##", "44 N## ## ##", true}, {"43", "0664 N######", "664 N######", true}, {"45", "N# ## ## ##", "N# ## ## ##", false},
	{"46", "070-### ## ##", "70-### ## ##", true}, {"47", "4## ## ###", "4## ## ###", false}, {"358", "040 N######", "40 N######", true}, {"353", "01 N## ####", "1 N## ####", true}, {"48", "5## ### ###", "5## ### ###", true},
	{"420", "6## ### ###", "6## ### ###", true}, {"36", "06 30 N## ####", "30 N## ####", true}, {"40", "0721 ### ###", "721 ### ###", true}, {"30", "21# ### ####", "21# ### ####", false}, {"90", "0532 ### ## ##", "532 ### ## ##", true},
	{"7", "8 (495) N##-##-##", "495 N##-##-##", true}, {"7", "8-800-N##-##-##", "(800) N##-##-##", true}, {"380", "050 ### ## ##", "50 ### ## ##", true}, {"972", "052-N######", "52-N######", true}, {"971", "050 N## ####", "50 N## ####", true},
	{"966", "050 N## ####", "50 N## ####", true}, {"20", "0100 N## ####", "100 N## ####", true}, {"27", "082 N## ####", "82 N## ####", true}, {"234", "0803 N## ####", "803 N## ####", true}, {"254", "0712 ######", "712 ######", true},
	{"91", "98### #####", "98### #####", false}, {"91", "098### #####", "98##-######", true}, {"92", "0300 N######", "300 N######", true}, {"880", "01712-######", "1712-######", true}, {"94", "077 N## ####", "77 N## ####", true},
	{"86", "138 #### ####", "138 #### ####", true}, {"86", "010-N### ####", "10 N### ####", true}, {"852", "N### ####", "N### ####", false}, {"886", "0912 ### ###", "912 ### ###", true}, {"81", "03-N###-####", "3-N###-####", true},
	{"81", "090-N###-####", "90-N###-####", true}, {"82", "010-N###-####", "10-N###-####", true}, {"65", "9### ####", "9### ####", false}, {"60", "012-N## ####", "12-N## ####", true}, {"62", "0812-N###-####", "812-N###-####", true},
	{"63", "0917 ### ####", "917 ### ####", true}, {"66", "081 N## ####", "81 N## ####", true}, {"84", "091 N## ## ##", "91 N## ## ##", true}, {"61", "0412 ### ###", "412 ### ###", true}, {"61", "(02) N### ####", "2 N### ####", true},
	{"64", "021 N## ####", "21 N## ####", true}, {"55", "(11) 9####-####", "11 9####-####", true}, {"55", "(21) N###-####", "21 N###-####", true}, {"52", "55 #### ####", "55 #### ####", false}, {"54", "011 N###-####", "11 N###-####", true},
	{"56", "9 N### ####", "9 N### ####", false}, {"57", "300 N## ####", "300 N## ####", false}, {"51", "9## ### ###", "9## ### ###", true},
}
