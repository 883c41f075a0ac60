"""TLS with old servers: a handshake in memory with a server that supports only RSA key exchange."""

import ssl
from contextlib import suppress

import pytest

from actors.producers.tls import with_rsa_key_exchange

# Made for this test.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQC35mxcya2D37q2
7i9ybVOgNh3cuWrrtj3IkIYP5ZZ75WO+YabfZFEar1v1EJb8NYMw5YMm7FzMeqVb
IBk2+eFq4sKlvDjNHaMUz4KIjUPhPSNcjbC+agCKehp0e6DbUX6G9liuNyZ6QWmt
C7hI51pEB1yTUYBvthtJ0J5N0pm/VszLpq+aabFvc5LLgZqtzyX3gJc539yl8TKr
PsyCKsAjcKdhuy07d35JpqdUjXdMZYaZVLam6IglGI3LfO3/6IQ6gIdbLWidq4JC
rUYCgxfSLrxi2AIBZvXSXy2Z9KvTJ7JLfVR2esSCeY4ecURHiC69tB0pHdKCeDuv
T/ImIMzHAgMBAAECggEANA0Cr9Kfi5toGD3bbRpXmJmooyBSDIxk+V86qsYzbTb0
n9644jLdJ93pe7gp3BHzY4QatoohC/lM0zmHGYHplRzAtjNLqnbQgWPokOjXBSoO
V7R9CbAsHgXIdh7F3T24P8/7MrhGakUYeZO/Iddlu6qPv9zKKxRSrfZf0CwjOz4F
fWCPfKCzndkekSrI1mhGKsGMxSs4DRI8L8RuExbhgOGHs8e96FTP8xceJB/yx0hk
Vq+4s88Q++yVl4xfM8SM0JbzBsmjy8GwE07oh+Y7Q/meLj7NJHEzZmQ1+wOuF1+1
ZfXYEdo+E16bIqPA6jkgDv3piaM8ttP95C7AcfiRtQKBgQDquIz4oZFcv3w6+0Ts
DxKaFEMffro96hc5N4OyUhG0OsERQa8EWJD3cjh3zLrlJi4Wf0cR8qnV3tH+xmHM
9UzynVlgZjwrCvtJRl1g60sOsFbmILF294D5uZRwCupOGLAIZJEFsYn39HhrRl32
BJh7S1WpmhRnqs291/AYGlqzvQKBgQDIkmnEz8/1ChqEDFzdoxpbax7yVddtjqD6
4WQsK5JeeeYLLiOVi/q06QoZJ+s09JfQnEch8moPy+itgRuPcmFSJ8XFdsIhRM2b
aCcS8ma+Gccw3sN3yjkfpY9JtDJ9pi7P0xoEEbQxfja0S5x8az+MlO8JRvi2oRZi
UePZSm/I0wKBgQCkS1OZgPYPtpTNcC3ZEd/Sa9ZkCD9ysRVaXmpXeiycO/gCDTjl
UNz/5zpxWKOFXAkshCCKBpIsepAAxnmUjiszM0JpQIZjFoe3zYH1Ih1ihbn90OqH
PE1R/z1Qg8NnsM4ewc3k71WEcuGLLTD90E+vFZc7ZPddbOggNzL+nAva/QKBgQCy
pmb7XLa4ZgV0NKbK66pgXyuzYm5+MRqGHBhjl3PKHv2eW7xqScJHPYM3IO1Jv8sx
juF1BT0fUNqxIFxyCslQqghod/02MNiKYdzb7XlCPifECcdFfaQf4hGc7ppCfLEZ
f8iecz5zDx6evPJniAeUqlu3gbWqxhTwAkzWkIy87QKBgQCwX4a1SPDNp1gHQ7sE
gcLiQA3iW4BbOGO8VknvYT5ZduGOGBfZF3METDF04LezU//5452ET8EzAO8K8d3m
NP7hAorfLpueD6XLV/oxYt1rxUI65gHXPmpThGTgIzwAlKSIsNZBXx/9IL9JR2TS
icaABk+x98UiXqQLW9eqcu5CJw==
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIDITCCAgmgAwIBAgIULLe8Je3rtrL3iDZJQEqlV8vQnS0wDQYJKoZIhvcNAQEL
BQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE3MzgyMloYDzIxMjYx
MDI4MTczODIyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwggEiMA0GCSqGSIb3DQEB
AQUAA4IBDwAwggEKAoIBAQC35mxcya2D37q27i9ybVOgNh3cuWrrtj3IkIYP5ZZ7
5WO+YabfZFEar1v1EJb8NYMw5YMm7FzMeqVbIBk2+eFq4sKlvDjNHaMUz4KIjUPh
PSNcjbC+agCKehp0e6DbUX6G9liuNyZ6QWmtC7hI51pEB1yTUYBvthtJ0J5N0pm/
VszLpq+aabFvc5LLgZqtzyX3gJc539yl8TKrPsyCKsAjcKdhuy07d35JpqdUjXdM
ZYaZVLam6IglGI3LfO3/6IQ6gIdbLWidq4JCrUYCgxfSLrxi2AIBZvXSXy2Z9KvT
J7JLfVR2esSCeY4ecURHiC69tB0pHdKCeDuvT/ImIMzHAgMBAAGjaTBnMB0GA1Ud
DgQWBBSaaMHFLv8ceVV1WQ1kti7tBIaPxTAfBgNVHSMEGDAWgBSaaMHFLv8ceVV1
WQ1kti7tBIaPxTAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2FsaG9z
dDANBgkqhkiG9w0BAQsFAAOCAQEAdO5e3GdiDAwBlqjagrKSBAe58Lt6Hb8DPbNm
O9Dgs3ABTNLTUf6a5INKChlnJO1rvA8Vv1btNdK+N7owaKBkumlZUwR5jyKPlvVn
cl5VTXpQ/mNCZuKNGdVi3uv2QkI4+oD+Y+52LEjkH0fJP3CTwPvDeCLQBkqOiFei
fR2UohFGVDiKPZ9FoLOX4QBLDOYOEXAGFv+amM4RaBe560ubc+ekfVZ4I4XD+y0s
l8YsFIlvtaGm3t+QMhmgImbcVQ0iVRZqx2XcB4YTBLv4S0wRJdnSk3WSylAoc9Wy
yb43vAEY44jFB5xKa+RcpLPTM4vWgIyrTTqnsK4gp/faB/7KyA==
-----END CERTIFICATE-----
"""


def shake_hands(client_context, server_context):
    """Return the cipher that both agree on; raises SSLError when there is none."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(back, there, server_hostname="localhost")
    server = server_context.wrap_bio(there, back, server_side=True)
    for _ in range(5):
        for side in (client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client.cipher()[0]


@pytest.fixture
def pem(tmp_path):
    path = tmp_path / "server.pem"
    path.write_text(CERTIFICATE)
    return path


@pytest.fixture
def server(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256")
    return context


def test_a_server_without_diffie_hellman_is_reached(pem, server):
    context = with_rsa_key_exchange()
    context.load_verify_locations(pem)
    assert shake_hands(context, server) == "AES128-GCM-SHA256"


def test_the_default_context_cannot_reach_it(pem, server):
    """When this fails, the context of tls.py is no longer needed."""
    context = ssl.create_default_context()
    context.load_verify_locations(pem)
    with pytest.raises(ssl.SSLError):
        shake_hands(context, server)


def test_an_untrusted_certificate_is_refused(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(with_rsa_key_exchange(), server)
