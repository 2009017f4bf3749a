"""The outside world: WeChat login, WeRun steps and WeChat Pay, spoken to over HTTPS.

What belongs here: the words of another system, its signatures and ciphers, and the translation of
its answers into our own small types and errors. What does not: a database, Flask, a decision. Every
client takes all it needs in its constructor and may be called from many threads; none may be called
inside a database transaction.

`errors`       what the outside can do to us
`shapes`       strict reading of what it says
`http`         one exchange with it
`miniprogram`  who signed in
`werun`        how far they walked
`pay`          what they paid; with `pay_signing` (who says so) and `pay_records` (what is said)
"""
