"""The signatures of requests to the clouds, against the examples that the clouds publish."""

from tickets.alerts.sms import acs3, tc3

PAYLOAD = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
TENCENT_HEADERS = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}


def test_aliyuns_published_example_is_signed_as_published() -> None:
    host = "ecs.cn-shanghai.aliyuncs.com"
    headers = acs3.request_headers(
        host, "RunInstances", "2014-05-26", b"", 1_698_315_752, "3156853299f313e23d1673dc12e1703d"
    )
    query = acs3.canonical_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    canonical = acs3.canonical_request("POST", "/", query, headers)
    assert headers["x-acs-date"] == "2023-10-26T10:22:32Z"
    assert acs3.string_to_sign(canonical) == (
        "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    )
    assert acs3.authorization("POST", "/", query, headers, "YourAccessKeyId", "YourAccessKeySecret") == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_what_a_query_may_hold_is_encoded_as_rfc_3986_says() -> None:
    assert acs3.canonical_query({"b": "+8613800000012,1 2*~", "a": '{"ticket":"周"}'}) == (
        "a=%7B%22ticket%22%3A%22%E5%91%A8%22%7D&b=%2B8613800000012%2C1%202%2A~"
    )


def test_tencents_published_example_is_signed_as_published() -> None:
    key_id, secret = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
    canonical = tc3.canonical_request("POST", "/", "", TENCENT_HEADERS, PAYLOAD)
    assert tc3.string_to_sign(canonical, "cvm", 1_551_113_065) == (
        "TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n"
        "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    )
    assert tc3.authorization(TENCENT_HEADERS, PAYLOAD, "cvm", 1_551_113_065, key_id, secret) == (
        f"TC3-HMAC-SHA256 Credential={key_id}/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def test_tencents_newer_example_with_the_action_signed_is_reproduced_too() -> None:
    headers = {**TENCENT_HEADERS, "x-tc-action": "DescribeInstances"}
    key_id, secret = "AKID" + "*" * 32, "*" * 32
    assert tc3.authorization(headers, PAYLOAD, "cvm", 1_551_113_065, key_id, secret) == (
        f"TC3-HMAC-SHA256 Credential={key_id}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_the_day_in_tencents_scope_is_that_of_utc() -> None:
    """1 January 2026, 07:59:59 in China, is still the year before in UTC."""
    signed = tc3.authorization(TENCENT_HEADERS, b"", "sms", 1_767_225_599, "id", "secret")
    assert "Credential=id/2025-12-31/sms/tc3_request" in signed
