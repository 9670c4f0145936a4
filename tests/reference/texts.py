"""The texts whose embeddings are stored: sentences in many scripts, and longer texts made of them. Written for
this project; the same on every run."""
import random

SENTENCES = """
The patient was discharged after three days and is doing well.
A signed receipt proves which model answered, and when.
How do I rotate the signing key without losing old receipts?
Transfer of 12,450.00 EUR to account DE89 3704 0044 0532 0130 00 was declined.
SELECT name, total FROM invoices WHERE paid = 0 ORDER BY due_date;
def median(values): return sorted(values)[len(values) // 2]
He said: "It's 5 o'clock -- we're late!" (and we were...)
Wait... what?! No way!!! #surprised @everyone
https://example.org/a/very/long/path?with=query&and=more#fragment
unaffable, supercalifragilisticexpialidocious, antidisestablishmentarianism
The quick brown fox jumps over the lazy dog.
I don't think the contract's clause 7(b)(ii) applies here.
Temperature: -40 °C = -40 °F; π ≈ 3.14159; E = mc²; x ≤ y ⇒ f(x) ≤ f(y)
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.
Der Vertrag wurde am 3. März 2021 in Zürich unterzeichnet.
Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë.
L'hôpital a refusé de transmettre les données médicales.
El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío.
¿Dónde está la biblioteca? ¡Qué vergüenza, señor Núñez!
À noite, vovô Kowalsky vê o ímã cair no pé do pinguim.
Quel vituperabile xenofobo zelante assaggia il whisky ed esclama: alleluja!
Pa's wijze lynx bezag vroom het fikse aquaduct.
Flygande bäckasiner söka hwila på mjuka tuvor.
Høvdingens kjære squaw får litt pizza i Mexico by.
Quizdeltagerne spiste jordbær med fløde, mens cirkusklovnen spillede.
Kæmi ný öxi hér ykist þjófum nú bæði víl og ádrepa.
Törkylempijävongahdus ja yöllinen päiväkäräjä.
Põdur Zagrebi tšellomängija-följetonist Ciqo külmetas kehvas garaažis.
Glāžšķūņa rūķīši dzērumā čiepj Baha koncertflīģeļu vākus.
Įlinkdama fechtuotojo špaga sublykčiojusi pragręžė apvalų arbūzą.
Pchnąć w tę łódź jeża lub ośm skrzyń fig.
Příliš žluťoučký kůň úpěl ďábelské ódy.
Kŕdeľ šťastných ďatľov učí pri ústí Váhu mĺkveho koňa obhrýzať kôru.
Árvíztűrő tükörfúrógép, jó foxim és don Quijote húszwattos lámpánál.
Muzicologă în bej vând whisky și tequila, preț fix.
Pijamalı hasta yağız şoföre çabucak güvendi. İstanbul'da ILIK bir gün.
Gọi bác sĩ ngay, bệnh nhân bị sốt cao và khó thở.
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία στην Αθήνα.
Съешь же ещё этих мягких французских булок, да выпей чаю.
Жебракують філософи при ґанку церкви в Гадячі, ще й шатро їхнє п'яне знаємо.
Под южно дърво, цъфтящо в синьо, бягаше малко пухкаво зайче.
Ајшо, лепото и чежњо, за љубав срца мога дођи у Хаџиће на кафу.
Կրցի՛ր ապակի ուտել և ինծի անհանգիստ չընէր։
ვეფხის ტყაოსანი შოთა რუსთაველი
דג סקרן שט בים מאוכזב ולפתע מצא לו חברה
שָׁלוֹם עֲלֵיכֶם, מַה שְּׁלוֹמְךָ?
نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر
السَّلامُ عَلَيْكُمْ، كَيْفَ حَالُكَ؟
کتاب خوب بهترین دوست انسان است.
یہ رسید ثابت کرتی ہے کہ جواب کس ماڈل نے دیا۔
ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार भगवान श्रीराम।
আমি কাচ খেতে পারি, তাতে আমার কোনো ক্ষতি হয় না।
ਮੈਂ ਗਲਾਸ ਖਾ ਸਕਦਾ ਹਾਂ ਅਤੇ ਇਸ ਨਾਲ ਮੈਨੂੰ ਕੋਈ ਤਕਲੀਫ ਨਹੀਂ।
હું કાચ ખાઈ શકું છું અને તેનાથી મને દુખતું નથી.
நான் கண்ணாடி சாப்பிடுவேன், அதனால் எனக்கு ஒரு கேடும் வராது.
నేను గాజు తినగలను మరియు అలా చేసినా నాకు ఏమి ఇబ్బంది లేదు.
ನನಗೆ ಹಾನಿ ಆಗದೆ, ನಾನು ಗಾಜನ್ನು ತಿನ್ನಬಹುದು.
എനിക്ക് ഗ്ലാസ് തിന്നാം, അതെന്നെ വേദനിപ്പിക്കില്ല.
මට වීදුරු කෑමට හැකියි, එයින් මට කිසි හානියක් සිදු නොවේ.
ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ
ຂອ້ຍກິນແກ້ວໄດ້ໂດຍທີ່ມັນບໍ່ໄດ້ເຮັດໃຫ້ຂອ້ຍເຈັບ
ကျွန်တော် ကျွန်မ မှန်စားနိုင်တယ်။
ខ្ញុំអាចញុំកញ្ចក់បាន ដោយគ្មានបញ្ហា
ཤེལ་སྒོ་ཟ་ནས་ང་ན་གི་མ་རེད།
ሰማይ አይታረስ ንጉሥ አይከሰስ።
我能吞下玻璃而不伤身体。
醫院拒絕把病人的資料交給第三方。
いろはにほへと ちりぬるを わかよたれそ つねならむ
私はガラスを食べられます。それは私を傷つけません。ｶﾞﾗｽ
나는 유리를 먹을 수 있어요. 그래도 아프지 않아요.
키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.
Mixed 中文 and English и русский و عربي in one 文。
👩‍👩‍👧‍👦 family, 🇨🇭 flag, 👍🏽 thumbs up, ❤️ heart, 🤖 robot
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝕞𝕒𝕥𝕙 and 𐌲𐌿𐍄𐌹𐍃𐌺 𐌰𐌹𐌽𐍃 with 𠮷野家
Zero​width‌joiners‍and soft­hyphens and no break spaces
[CLS] a literal marker [SEP] and a [MASK] in the [PAD] text [UNK]
cafe\u0301 vs caf\u00e9, A\u030a vs \u00c5, \ufb01ne o\ufb03ce \u2160\u2161\u2162
a\ttab, a\nnew line, a\r\nreturn and \x07 a bell
""".strip().split("\n")

SHORT = ["", " ", "a", "I", ".", "?!", "the", "Hello", "hello world", "7", "3.14", "é", "中", "中文", "안녕", "الله", "שלום",
         "नमस्ते", "ok.", "[MASK]", "😀", "\u0301", "x" * 100, "x" * 101, "No.", "Yes, please", "Zürich", "naïve café"]


def unescape(text):
    return text.encode("ascii", "backslashreplace").decode("unicode_escape").replace("\\\\", "\\") if "\\" in text else text


def texts(count):
    """Pairs (text, limit): limit 256 is the model's own, 512 that of its positions. `count` gives a text's tokens."""
    rng = random.Random(20260101)
    sentences = [unescape(s) for s in SENTENCES]
    out = [(s, 256) for s in SHORT + sentences]
    english = [w.strip(".,?") for s in sentences[:13] for w in s.split() if w.isascii() and w.isalpha()]
    for wanted in [*range(4, 64, 2), *range(64, 256, 12), 254, 255, 256]:
        out.append((grow(rng, english, wanted, count), 256))
    for wanted in [*range(6, 130, 3), *range(130, 256, 14)]:
        out.append((grow(rng, sentences, wanted, count), 256))
    for wanted in (257, 258, 300, 511, 600):  # cut at the model's own limit
        out.append((grow(rng, sentences, wanted, count), 256))
    for wanted in [*range(264, 512, 32), 510, 511, 512]:  # between the two limits: not cut
        out.append((grow(rng, english + sentences, wanted, count), 512))
    for wanted in (513, 700):  # cut at the positions
        out.append((grow(rng, english + sentences, wanted, count), 512))
    return out


def grow(rng, pieces, wanted, count):
    """A text of exactly `wanted` tokens, specials included: pieces, then words of one token."""
    text = rng.choice(pieces)
    while count(text) < wanted - 60 or (count(text) < wanted - 8 and pieces[0].isalpha()):
        text += " " + rng.choice(pieces)
    while count(text) > wanted:
        text = text.rsplit(" ", 1)[0] if " " in text else "a"
    while count(text) < wanted:
        text += " " + rng.choice(["one", "of", "the", "most", "and", "data", "key", "time", "is", "not", ","])
    assert count(text) == wanted, (wanted, count(text), text)
    return text
