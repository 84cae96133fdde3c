"""Who the lawyer is, as far as the message says: a name, a number to reach him."""

import re
from typing import Any, Final

_NAME: Final = (
    re.compile(
        r"(?:lawyer|attorney|solicitor|barrister|counsel)(?:'s name)?(?:,| is|:| named| called)*\s+"
        r"((?:Mr|Ms|Mrs|Dr)?\.?\s?[A-Z][\w'’.-]+(?:\s+[A-Z][\w'’.-]+){0,3})"
    ),
    re.compile(r"(?:represented by|hired|retained|engaged)\s+(?:attorney\s+)?((?:Mr|Ms|Mrs|Dr)?\.?\s?[A-Z][\w'’.-]+"
               r"(?:\s+(?:&\s+)?[A-Z][\w'’.-]+){0,3})"),
    re.compile(r"(?:律师(?:是|姓名是?|名字是?|叫|：|:)\s*)([一-鿿]{2,4})(?=[，。,. ；;、电手联]|$)"),
    re.compile(r"([王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范"
               r"汪廖石金韦贾夏付方邹熊白孟秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤][一-鿿]?)律师"),
    re.compile(r"律师(?!函|费|事务|资格|证|协会)([一-鿿]{2,3})(?=[，。,.；; ]|\s*(?:电话|手机|联系)?[:：]?\s*\+?\d)"),
)  # fmt: skip
_NUMBER: Final = re.compile(r"(?<!\d)\+?\d[\d ()./-]{5,18}\d(?!\d)")


def details(text: str) -> dict[str, Any]:
    """Return `name`, `phone` where they are found, and whether it is known how to reach the lawyer."""
    found: dict[str, Any] = {}
    for pattern in _NAME:
        match = pattern.search(text)
        if match:
            found["name"] = " ".join(match.group(1).split())[:80].rstrip(".,")
            break
    number = _NUMBER.search(text)
    if number and 7 <= sum(letter.isdigit() for letter in number.group()) <= 15:
        found["phone"] = number.group().strip()
    found["attorney_contact_known"] = bool(found)
    return found
