import pytest


@pytest.fixture
def client():
    from shop import create_app
    from shop.settings import Settings

    settings = Settings("tests", "sqlite://", "tests", "mail.test", cookie_secure=False)
    return create_app(settings).test_client()
