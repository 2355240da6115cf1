"""What mail programs write around a quote, in the languages that customers write. Data.

Simplified and Traditional Chinese, Japanese, English, German, French, Spanish, Portuguese, Italian, Dutch, Danish,
Norwegian, Swedish, Finnish, Polish, Czech, Russian, Korean.
"""

from enum import StrEnum


class Label(StrEnum):
    """A line of the header that stands above a quoted mail."""

    FROM = "from"
    DATE = "date"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"


_LABELS = {
    Label.FROM: (
        "发件人 发信人 寄件者 寄件人 發件人 发送者 from von de da fra från van mittente expéditeur expediteur "
        "remitente 差出人 送信者 送信元 od от откого lähettäjä 보낸사람 보낸이 absender"
    ),
    Label.DATE: (
        "发送时间 发送日期 发信时间 日期 时间 寄件日期 傳送時間 发件时间 收件时间 日付 日時 送信日時 sent date sendt "
        "skickat gesendet datum envoyé envoye enviado enviada fecha data inviato verzonden lähetetty wysłano odesláno "
        "отправлено дата dato messagedu päiväys 보낸날짜 날짜"
    ),
    Label.TO: (
        "收件人 收信人 收件者 送信先 宛先 to an à a para til till aan vastaanottaja do komu кому 받는사람 받는이 "
        "destinataire destinatario"
    ),
    Label.CC: "抄送 抄送人 副本 副本抄送 cc kopie copie copieà copia kopia kopi ccn 참조 копия",
    Label.SUBJECT: (
        "主题 主旨 主題 标题 標題 件名 subject betreff objet sujet asunto assunto oggetto onderwerp emne ämne aihe "
        "temat předmět тема 제목"
    ),
}
LABELS = {word: label for label, words in _LABELS.items() for word in words.split()}

# Between rows of dashes: the mail that is answered.
ORIGINALS = (
    r"原始邮件|邮件原件|原始郵件|郵件原件|原邮件|原郵件|原始信件|原始訊息|原始消息|原始信息|回复的原邮件|回覆的原郵件|回复邮件"
    r"|引用邮件|original(?: messages?| mail| e-?mail)?|replied message|reply message"
    r"|urspr[uü]ngliche (?:nachricht|mail|e-?mail)|originalnachricht|original-nachricht|message d['’]origine"
    r"|message original|mail original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht"
    r"|oprindelig (?:besked|meddelelse|mail)|opprinnelig (?:melding|e-?post)|ursprungligt? meddelande"
    r"|alkuperäinen viesti|元のメッセージ|元のメール|исходное сообщение|wiadomość oryginalna|původní zpráva|원본 메시지"
)
# Between rows of dashes: the mail that is handed on.
FORWARDS = (
    r"转发的?(?:邮件|消息|信息)(?:信息)?|轉[寄發]的?(?:郵件|訊息|信件)|被转发邮件|forwarded (?:message|mail|e-?mail)"
    r"|weitergeleitete nachricht|message (?:transféré|réexpédié)|mensaje reenviado|mensagem encaminhada"
    r"|messaggio inoltrato|doorgestuurd bericht|videresendt (?:besked|melding)|vidarebefordrat meddelande"
    r"|転送(?:された)?メッセージ|전달된 메시지|пересылаемое сообщение|forwarded by .{1,80}"
)
# A line of its own, as Apple's programs write.
FORWARD_LINES = (
    r"begin forwarded message|(?:下面是|以下是)?被?转发的(?:邮件|信息)|开始转发的邮件|開始轉寄郵件|以下為轉寄的郵件"
    r"|轉寄的郵件|anfang der weitergeleiteten nachricht|début du message (?:réexpédié|transféré)"
    r"|inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht"
    r"|転送されたメッセージ|전달된 메시지 시작"
)
# That somebody wrote, in the line above a quote.
VERBS = (
    r"写道|寫道|写到|来信|wrote|writes|schrieb|écrit|ecrit|escribió|escribio|escreveu|ha scritto|scrive|skrev|schreef"
    r"|kirjoitti|napisał|pisze|napsal|napisao|пишет|написал|のメール|書きました|からのメール|さん|작성|님이|yazdı|írta"
    r"|đã viết|a scris|έγραψε|написа|menulis|kirjutas|rašė|כתב|كتب"
)
# How such a line begins.
OPENERS = (
    r"(?:on|at|le|am|el|op|den|il|em|dne|dnia|w dniu|il giorno|il|pe|ti|ke|to|fre|man|tir|ons|tor|lør|søn)\b"
    r"|在|\d{1,4}\s?[-./年년]|(?:mon|tue|wed|thu|fri|sat|sun)"
)

DEVICES = (
    r"iphone|ipad|ipod|\bmac\b|手机|手機|平板|电脑|電腦|企业微信|微信|钉钉|釘釘|小米|红米|xiaomi|redmi|mi \d|华为|華為"
    r"|huawei|荣耀|honor|oppo|vivo|三星|samsung|galaxy|魅族|一加|oneplus|android|安卓|鸿蒙|windows|outlook|网易|163|126邮箱"
    r"|qq邮箱|qq郵箱|邮箱大师|foxmail|移动设备|智能|飞书|阿里邮箱|yahoo|gmail"
)
SENT_FROM = (
    rf"(?:发自|發自|发送自|傳送自|寄自)[^，。！？?!]{{0,30}}(?:{DEVICES}).{{0,80}}"
    rf"|(?:来自|來自)\s?我的[^，。！？?!]{{0,30}}(?:{DEVICES})[^，。！？?!]{{0,40}}"
    r"|(?:来自|來自)\s?(?:企业微信|钉钉|网易|qq邮箱|邮箱大师|飞书)[^，。！？?!]{0,20}"
    rf"|(?:从|從|通过|透過|由|使用)[^，。！？?!]{{0,20}}(?:{DEVICES})[^，。！？?!]{{0,30}}(?:发送|傳送|寄出|发出)"
    r"|(?:获取|下載|下载|取得)\s?(?:适用于\s?(?:ios|android) 的\s?)?outlook.{0,80}"
    r"|(?:sent|send) (?:from|via|with|using) [^,!?]{1,100}|get outlook for .{1,100}|sent by my .{1,60}"
    r"|von mein(?:em|er) .{1,40} gesendet|gesendet (?:von|mit|aus) .{1,100}|von .{1,30} gesendet"
    r"|envoyé (?:de|depuis|à partir|avec) .{1,100}|enviad[oa] (?:desde|do|de|com|con|a partir) .{1,100}"
    r"|(?:obtener|obtenir|télécharger|scarica|holen sie sich|laden sie) outlook .{1,80}|outlook für .{1,80}"
    r"|provenance : courrier pour .{1,60}"
    r"|inviato (?:da|con) .{1,100}|verzonden (?:vanaf|met|vanuit|via) .{1,100}|skickat från .{1,100}"
    r"|sendt fra .{1,100}|lähetetty .{1,60}|wysłan[eoy] z .{1,60}|odesláno z .{1,60}|отправлено (?:с|из) .{1,60}"
    r"|.{0,20}(?:iphone|ipad|android|スマートフォン|携帯|outlook).{0,20}から送信|(?:나의|내) .{1,30}에서 보냄"
)

DISCLAIMER_OPENINGS = (
    r"[【\[*（(]{0,2}(?:免责|免責|保密|机密|機密|法律|郑重|重要)?(?:声明|聲明|提示|条款)[】\]*）)]{0,2}\s?[:：]?"
    r"|(?:本|此|这封|這封)(?:电子|電子)?(?:邮件|郵件|电邮|電郵|信件|信息)"
    r"|[*\[(]{0,2}(?:disclaimer|confidentiality(?: notice| note)?|legal notice|haftungsausschluss|avertissement)"
    r"|this (?:e-?mail|message|communication|transmission)"
    r"|the (?:information|contents?)\b.{0,30}\bthis (?:e-?mail|message)"
    r"|diese (?:e-?mail|nachricht)|ce (?:message|courriel|mail)|cet? e-?mail|(?:この|本)(?:電子)?メール"
    r"|este (?:mensaje|correo|e-?mail)|esta mensagem|questo messaggio|dit (?:bericht|e-?mail)|deze e-?mail"
)
DISCLAIMER_SECRETS = (
    r"保密|机密|機密|秘密|confidential|privileged|vertraulich|confidentiel|confidencial|riservat|vertrouwelijk"
)
DISCLAIMER_DUTIES = (
    r"收件人|收信人|收件者|误收|誤收|错误地?收|未经|未經|授权|授權|删除|刪除|披露|散布|传播|責任|责任|受信者|削除|破棄"
    r"|recipient|addressee|delete|notify|unauthori[sz]ed|intended|empfänger|destinatai?r|geadresseerde|lösche"
)
FOOTERS = (
    r"【网易.{0,80}|网易邮箱大师.{0,40}|本(?:电子)?邮件(?:已)?(?:由|经).{1,30}(?:病毒|扫描|检测).{0,40}"
    r"|virus-?free\.?.{0,60}|(?:this|diese) e-?mail (?:has been checked|wurde).{0,100}vir.{0,60}"
    r"|please consider the environment.{0,100}|请考虑环境.{0,60}|(?:打印|列印)(?:前|本邮件前).{0,20}环[境保].{0,40}"
    r"|保护环境.{0,30}打印.{0,20}"
)
