"""600 strings that tokenizers get wrong: hand-written ones first, then mixtures drawn by key.

Order and content never change between runs, so a golden made from them can be compared line by line.
"""
import unicodedata

import keyed_random as kr

PLAIN = [
    "", " ", "   ", "\t", "\n", "\r\n", "\n\n\n", " \t \n ", "a", "A", "z", "0", "!", ".", "'", '"', "-", "_", "@",
    "#", "a b", "a  b", " a", "a ", "  a  ", "a\tb", "a\nb", "a\r\nb", "a\n\n\nb", "\na", "a\n",
    "a photo of a person", "A Photo Of A Person", "A PHOTO OF A PERSON", "aPhotoOfAPerson", "a-photo-of-a-person",
    "a_photo_of_a_person", "photo, person", "photo,person", "photo ,person", "photo , person",
    "photo;person:photo.person", "photo/person\\photo|person", "(photo:1.2)", "((photo))", "[photo]",
    "{photo|person}", "<photo>", "<lora:name:0.8>", "photo::person", "--photo", "photo--", "photo...", "photo…",
    "photo!!!", "photo?!", "!!!???...", "-----", "=====", "*****photo*****", "~~photo~~", "`photo`", "^photo^",
    "$100", "100$", "50%", "#1", "a&b", "a & b", "a+b=c", "1+1=2", "f/1.8", "85mm", "4k", "8K", "35 mm", "3.14159",
    "1,000,000", "1e-4", "-1", "+1", "0x1F", "2026-11-21", "12:34:56", "1234567890", "000", "1st 2nd 3rd 4th",
    "v1.5", "sd3.5", "16:9", "1920x1080", "kvthvmi_", "kvthvmi_ person", "photo of kvthvmi_",
]
APOSTROPHES = [
    "it's", "IT'S", "It'S", "isn't", "we're", "they've", "I'm", "i'll", "she'd", "'s", "'t", "'re", "'ve", "'m",
    "'ll", "'d", "''", "'''", "'s's's", "dogs'", "'dogs'", "rock'n'roll", "o'clock", "it’s", "isn’t", "it`s",
    "it´s", "it ' s", "'St", "'Some", "'them", "'lll", "'rest", "a's b't c're", "he'sn't", "don''t", "d'd'd'd",
    "ſ's", "'ſ",
]
ENTITIES = [
    "&amp;", "&lt;b&gt;", "&quot;photo&quot;", "&#39;", "&nbsp;", "a &amp;amp; b", "<b>bold</b>",
    "<!-- comment -->", "<br/>", "&copy; 2026", "%20", "a%20b", "https://example.com/a?b=c&d=e#f",
    "name@example.com", "C:\\photos\\a.png", "/home/user/a.png", "\\n", "\\u00e9", "{\"a\": [1, 2]}", "${x}",
    "{{x}}", "printf(\"%d\\n\", x);", "SELECT * FROM t;", "a->b", "a=>b", "a<=b>=c", "::", "://", "...a", "a...",
    "..", "a..b",
]
SPECIAL = [
    "<|startoftext|>", "<|endoftext|>", "a <|endoftext|> b", "a<|endoftext|>b",
    "<|startoftext|>a photo<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|endoftext", "|endoftext|>",
    "< |endoftext| >", "<|endoftext|><|endoftext|>", " <|endoftext|> ", "<pad>", "</s>", "<unk>", "<s>",
    "a photo</s>", "</s>a photo", "a </s> b", "a<pad>b", "<unk>photo", "<extra_id_0>",
    "a <extra_id_0> b <extra_id_1>", "[CLS]", "[MASK]", "<mask>", "photo</w>", "</w>", "▁", "▁photo",
    "photo▁person", "a ▁ b", "_▁_", "<PAD>", "</S>", "<Unk>", "<|endoftext|>'s", "x<unk></s><pad>y", "<0x0A>",
    "Ġphoto", "âĢĻ", "photo Ġ",
]
ACCENTS = [
    "café", "cafe\u0301", "CAFÉ", "CAFE\u0301", "crème brûlée", "naïve", "naı\u0308ve", "Ångström",
    "A\u030Angstro\u0308m", "\u212B", "\u2126", "ñ", "n\u0303", "über", "straße", "STRASSE", "ẞ", "ß", "İstanbul",
    "ISTANBUL", "ıstanbul", "i\u0307", "ǆ", "ǅ", "Ǆ", "ﬁne", "ﬂow", "oﬃce", "ﬅ", "½", "¼ cup", "x²", "H₂O", "①②③",
    "Ⅷ", "ⅷ", "㎏", "™", "®", "©", "№", "℃", "ª", "º", "ＡＢＣ", "ａｂｃ", "１２３", "！？", "　", "a　b", "e\u0301\u0302\u0303",
    "\u0301", "\u0301e", "q\u0307\u0323", "q\u0323\u0307", "s\u0323\u0307", "\u1E69", "ḍ\u0307", "\uAC00",
    "\u1100\u1161", "각", "\u1100\u1161\u11A8", "ς", "Σ", "ΣΑΣ", "ΟΔΟΣ", "ά", "α\u0301", "ᾳ", "ᾼ", "ŉ", "Ŀ", "ŀ",
    "ſ", "K", "Å", "ﷺ", "ﷲ", "لا", "ﻻ",
]
SCRIPTS = [
    "Фотография человека", "ФОТО", "Ёлка", "й", "и\u0306", "Їжак", "Ђорђе", "Ελληνικά", "φωτογραφία", "一张人物照片",
    "一只猫", "自然光，柔和。", "東京の夜", "ひらがな", "カタカナ", "ｶﾀｶﾅ", "ｶﾞ", "ガ", "カ\u3099", "が", "か\u3099", "漢字かな交じり文", "한국어 사진",
    "사람", "ㅎㅎㅎ", "صورة شخص", "مرحبا", "مُحَمَّد", "ـــ", "١٢٣", "۱۲۳", "עברית", "שָׁלוֹם", "हिन्दी", "क्षत्रिय",
    "०१२३", "বাংলা", "தமிழ்", "ไทย", "ภาษาไทย", "ລາວ", "မြန်မာ", "ខ្មែរ", "ქართული", "ᲥᲐᲠᲗᲣᲚᲘ", "Հայերեն", "አማርኛ",
    "ᏣᎳᎩ", "ꮳꮃꭹ", "ᚠᚢᚦ", "𐍈", "𝔄𝔅ℭ", "𝐚𝐛𝐜", "𝟏𝟐𝟑", "𠀀𠀁", "㐀", "豈", "\uFA30", "Việt Nam", "Tiếng Việt",
    "Tie\u0302\u0301ng", "Łódź", "Žluťoučký kůň", "Þórr", "øre Æ Œ", "photo照片", "照片photo", "a照b片c", "3张", "第3张图",
    "mixed صورة and text", "\u202Eabc\u202C", "\u200Fabc", "abc\u200E",
]
EMOJI = [
    "😀", "🌞🌙", "a😀b", "😀 😀", "❤", "❤️", "❤︎", "✨✨", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴‍☠️", "👍🏽", "👍🏿👍🏻", "🇪🇺", "🇩🇪🇫🇷",
    "1️⃣", "#️⃣", "🧑🏾‍🚀", "☀️", "☺", "♠♣", "→", "⇒", "∞", "≠", "±", "√2", "∑x", "€100", "¥", "£5", "¢", "₿", "•",
    "·", "– —", "“photo”", "‘photo’", "«photo»", "„photo“", "…", "‽", "¿dónde?", "¡hola!", "§1", "¶", "†", "‰",
    "♥ photo ♥", "▲▼", "█░", "┌─┐", "🫠", "🪿", "\U000E0067", "\U0001F9D1\u200D\U0001F91D\u200D\U0001F9D1", "o͡͡͡",
    "Z̷̛̤a̴͍͠l̵g̸o̷",
]
CONTROLS = [
    "\x00", "a\x00b", "\x01", "a\x01b", "\x07", "\x08", "a\x0bb", "a\x0cb", "\x1b[31mred\x1b[0m", "\x1c", "a\x1cb",
    "a\x1db", "a\x1eb", "a\x1fb", "\x7f", "a\x7fb", "\x80", "a\x85b", "\x9f", "\xa0", "a\xa0b", "\xad", "a\xadb",
    "\u200b", "a\u200bb", "a\u200cb", "a\u200db", "\ufeff", "\ufeffa", "a\ufeff", "\u2028", "a\u2028b", "a\u2029b",
    "a\u2002b", "a\u2003b", "a\u2009b", "a\u202fb", "a\u205fb", "a\u1680b", "a\u180eb", "\u2060", "a\u2060b",
    "\ufffd", "a\ufffdb", "\ufffe", "\uffff", "\ue000", "\U000F0000", "\U0010FFFF", "a\u0085", "\u3164", "\u115f",
    "\u034f", "\ufe0f", "a\ufe0fb",
]
LONG = [
    "photo " * 76, "photo " * 75, "photo " * 74, "photo " * 77, ", ".join(["a photo of a person"] * 20), "a" * 300,
    "ab" * 200, "the" * 100, "." * 200, "!?" * 100, "9" * 150, "é" * 120, "照" * 100, "😀" * 40, "kvthvmi_" * 30,
    "word1 " * 60, "It's a photo of the person's house, isn't it? " * 8, "a\n" * 90, "Фотография " * 30,
    "supercalifragilisticexpialidocious " * 6, " " * 500, "a" + " " * 500 + "b", "<|endoftext|>" * 80,
    "Pneumonoultramicroscopicsilicovolcanoconiosis", "floccinaucinihilipilification", "x" * 77, "x " * 77,
    "'s" * 60, "_" * 99,
]
GROUPS = [PLAIN, APOSTROPHES, ENTITIES, SPECIAL, ACCENTS, SCRIPTS, EMOJI, CONTROLS, LONG]
JOINTS = ["", " ", "", ", ", "-", "'s ", "\n", ".", "\u200d", "  "]


def mixture(index):
    """Joins three to six of the short strings, drawn by key, and normalises some of them."""
    pool = [text for group in GROUPS[:-1] for text in group if 0 < len(text) < 24]
    draw = kr.words(7, "golden/strings", 0, index, 16).tolist()
    text = ""
    for i in range(3 + draw[0] % 4):
        piece = pool[draw[1 + i] % len(pool)]
        text += piece + JOINTS[draw[8 + i] % len(JOINTS)]
    form = [None, "NFC", "NFD", "NFKC"][draw[15] % 4]
    text = unicodedata.normalize(form, text) if form else text
    return text.upper() if draw[14] % 7 == 0 else text


def nasty_strings(count=600):
    """Gives the strings, hand-written ones first, without repetition."""
    texts = list(dict.fromkeys(text for group in GROUPS for text in group))
    index = 0
    while len(texts) < count:
        text = mixture(index)
        if text not in texts:
            texts.append(text)
        index += 1
    return texts
