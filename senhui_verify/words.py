"""Every sentence the verifier says, Chinese and English."""

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "cut_off": (
        "文件不完整：在第 {line} 行第 {column} 个字符处中断",
        "the file is cut off: it ends in line {line}, character {column}",
    ),
    "not_json": ("不是 JSON：第 {line} 行第 {column} 个字符", "not JSON: line {line}, character {column}"),
    "key_twice": ("第 {line} 行同一成员写了两次", "line {line} has a member twice"),
    "not_whole": ("第 {line} 行的数字不是整数", "line {line} has a number that is not whole"),
    "not_text": ("含有不是文字的字符", "it holds characters that are no text"),
    "not_object": ("{what} 不是 JSON 对象", "{what} is not a JSON object"),
    "member_missing": ("{what} 缺少成员 {member}", "{what} lacks the member {member}"),
    "member_unknown": ("{what} 有未知成员 {member}", "{what} has an unknown member {member}"),
    "member_odd": ("{what} 的成员 {member} 类型不对", "the member {member} of {what} is of the wrong type"),
    "not_hash": ("{what} 中的哈希写法不对", "a hash in {what} is not written as one"),
    "not_base64": ("{what} 中的编码不对或不完整", "the encoding in {what} is wrong or cut off"),
    "not_canonical": ("{what} 不是规范写法", "{what} is not in canonical form"),
    "not_signed": ("{what} 不是签名文件（JWS）", "{what} is not a signed document (JWS)"),
    "other_kind": ("签名的是 {found}，不是 {what}", "what is signed is {found}, not {what}"),
    "other_format": ("不认识的格式 {found}", "the form {found} is not known"),
    "no_keys": ("公钥文件里没有公钥", "the key file holds no key"),
    "key_odd": ("公钥 {kid} 不是完好的 Ed25519 公钥", "key {kid} is not a whole Ed25519 key"),
    "no_file": ("无法读取文件 {path}", "the file {path} cannot be read"),
    "qr_short": ("二维码内容不完整或已损坏", "the QR code's content is cut off or damaged"),
    "log_cut": (
        "日志不完整：在第 {line} 行中断，已读到 {entries} 条",
        "the log is cut off in line {line}, after {entries} entries",
    ),
    "line_not_text": (
        "第 {line} 行不是 UTF-8 文字（已读到 {entries} 条）",
        "line {line} is not UTF-8 text (after {entries} entries)",
    ),
    "after_the_end": ("结束行之后还有第 {line} 行", "line {line} comes after the end"),
    "line_odd": (
        "第 {line} 行既不是条目、日志头，也不是结束行",
        "line {line} is neither an entry nor a head nor the end",
    ),
    "kind_unknown": (
        "条目 {entry} 的种类 {kind} 不认识，请更新验证器",
        "entry {entry} is of the kind {kind}, which this verifier does not know",
    ),
    "key_unknown": (
        "{what} 的签名公钥 {kid} 不在公钥文件里",
        "{what} is signed with key {kid}, which is not in the key file",
    ),
    "signature": (
        "{what} 的签名不成立（公钥 {kid}）：内容被改过，或不是这把私钥签的",
        "the signature of {what} fails (key {kid}): it was changed, or that key did not sign it",
    ),
    "attestation_differs": (
        "证明 {number} 写的与签名的不一致",
        "what is written of attestation {number} is not what was signed",
    ),
    "may_be_revoked": (
        "证明所述属实地签过名；是否已撤销或被替换，请看它的公开页面",
        "this was signed as it stands; whether it was revoked or replaced since, its public page says",
    ),
    "certificate_differs": (
        "凭证的 {member} 写的是 {written}，签名的是 {signed}",
        "the certificate says {written} for {member}, what was signed is {signed}",
    ),
    "leaf_differs": (
        "公开日志里的 {member} 是 {logged}，凭证签名的是 {signed}",
        "the public log says {logged} for {member}, the certificate was signed with {signed}",
    ),
    "not_included": (
        "证明不成立：位置 {position} 的条目不在日志头 {head} 之下",
        "the proof fails: the entry at {position} does not stand under head {head}",
    ),
    "other_address": (
        "二维码的网址 {address} 不是凭证 {number} 的",
        "the QR code's address {address} is not that of certificate {number}",
    ),
    "line_sum": (
        "日志头 {head} 的守恒行不成立：签发 {issued}，各状态 {parts}",
        "the conservation line of head {head} fails: issued {issued}, states {parts}",
    ),
    "shrunk": (
        "日志变短了：{old} 有 {first} 条，{new} 只有 {second} 条",
        "the log shrank: {old} has {first} entries, {new} only {second}",
    ),
    "other_sizes": (
        "证明不是关于 {first} 条和 {second} 条的",
        "the proof is not about {first} and {second} entries",
    ),
    "inconsistent": (
        "日志被改写：{new} 不是从 {old} 接着写的",
        "the log was rewritten: {new} does not go on where {old} ended",
    ),
    "entry_order": (
        "第 {line} 行应是条目 {expected}，却是 {found}",
        "line {line} should be entry {expected} and is {found}",
    ),
    "entry_changed": (
        "条目 {entry}（第 {line} 行）被改过：内容与其哈希不符",
        "entry {entry} (line {line}) was changed: it does not have its hash",
    ),
    "quantity": (
        "条目 {entry} 的数量 {quantity} 千克与序列号 {serials} 不符",
        "entry {entry} says {quantity} kg for the serials {serials}",
    ),
    "issued_twice": (
        "条目 {entry} 签发的序列号 {serials} 与条目 {other} 重叠",
        "entry {entry} issues serials {serials}, which overlap those of entry {other}",
    ),
    "not_issued": (
        "条目 {entry} 注销了没有签发过的序列号 {serials}",
        "entry {entry} retires serials {serials}, which were not issued",
    ),
    "serial_text": (
        "条目 {entry} 的序列号写作 {written}，应为 {serials}",
        "entry {entry} writes its serials as {written}, they are {serials}",
    ),
    "retired_twice": (
        "序列号 {serial} 注销了两次：条目 {other} 和条目 {entry}",
        "serial {serial} was retired twice: in entry {other} and in entry {entry}",
    ),
    "head_order": (
        "第 {line} 行的日志头 {head} 次序不对，应为第 {expected} 个",
        "head {head} in line {line} is out of order: number {expected} comes here",
    ),
    "day_order": (
        "第 {line} 行的日志头 {head} 日期不连续，应为 {expected}",
        "head {head} in line {line} does not follow the day before: {expected} comes here",
    ),
    "entry_late": (
        "条目 {entry} 的时间晚于封存它的日志头 {head}",
        "entry {entry} happened after the head {head} that seals it",
    ),
    "head_size": (
        "日志头 {head} 封存 {size} 条，这里有 {entries} 条：条目 {start} 之后有缺失或多余",
        "head {head} seals {size} entries, here are {entries}: one from {start} on is missing or too many",
    ),
    "head_root": (
        "日志头 {head} 的根不符：条目 {start} 到 {end} 之间有改动",
        "the root of head {head} differs: something from entry {start} to {end} was changed",
    ),
    "head_line": (
        "日志头 {head} 的 {member} 写 {said}，条目合计 {counted}",
        "head {head} says {said} for {member}, the entries make {counted}",
    ),
    "end_counts": (
        "结束行（第 {line} 行）的数目不符：实有 {entries} 条、{heads} 个日志头",
        "the end (line {line}) counts otherwise: here are {entries} entries and {heads} heads",
    ),
    "end_unsealed": ("最后的条目没有日志头封存", "the last entries are not sealed by a head"),
    "kept_differs": (
        "日志被改写：与您保存的日志头 {head}（{size} 条）不符",
        "the log was rewritten: it does not have the head {head} that you kept ({size} entries)",
    ),
    "log_shorter": (
        "日志被截短：您保存的日志头 {head} 有 {size} 条，这里只有 {entries} 条",
        "the log was cut short: the head {head} that you kept has {size} entries, here are {entries}",
    ),
    "wrong": ("不成立：{reason}", "WRONG: {reason}"),
    "unreadable": ("读不懂：{reason}", "UNREADABLE: {reason}"),
    "signature_holds": ("签名成立", "the signature holds"),
    "fact": ("  {name}：{value}", "  {name}: {value}"),
    "in_log": (
        "已在公开日志中：位置 {position}，日志头 {head}，包含证明成立",
        "in the public log: position {position}, head {head}; the inclusion proof holds",
    ),
    "beneficiary_withheld": (
        "日志中的受益人没有打开（凭证不再写明）",
        "the beneficiary in the log is not opened: the certificate names none any more",
    ),
    "not_sealed": (
        "还没有封存进公开日志：当天零点后封存，届时再取一次文件",
        "not sealed in the public log yet: its day is sealed after midnight; take the file again then",
    ),
    "not_signed_texts": ("签名不包括这些文字：{names}", "these texts are not signed: {names}"),
    "qr_only": (
        "二维码只带签名；要查公开日志，请下载凭证文件",
        "a QR code carries the signature only; for the public log take the certificate's file",
    ),
    "head_holds": (
        "日志头 {head} 成立：{size} 条，签发 {issued} 千克，注销 {retired} 千克，守恒行平衡",
        "head {head} holds: {size} entries, {issued} kg issued, {retired} kg retired, the line adds up",
    ),
    "consistent": (
        "一致：{new}（{second} 条）是从 {old}（{first} 条）接着写的",
        "consistent: {new} ({second} entries) goes on where {old} ({first} entries) ended",
    ),
    "log_holds": (
        "日志成立：{entries} 条、{heads} 个日志头，逐条重算的根、数量和守恒行都相符",
        "the log holds: {entries} entries, {heads} heads; every root, quantity and line was computed anew",
    ),
}


def say(name: str, lang: str, /, **values: object) -> str:
    """The sentence `name` in `lang`."""
    shown = {each: _printable(str(value)) for each, value in values.items()}
    return SENTENCES[name][lang == "en"].format(**shown)


def _printable(text: str) -> str:
    """What a file says, without what would move a terminal's cursor or cannot be printed."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
