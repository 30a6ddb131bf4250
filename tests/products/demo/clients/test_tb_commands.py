"""What the documentation says of ``tb --local`` is what the real command does."""

from tests.products.demo.clients import tb_commands
from tests.products.demo.clients.tb import Tb


def test_the_page_of_the_embedded_tinybird_is_what_a_run_of_the_commands_writes(tb: Tb) -> None:
    page = tb_commands.PAGE.read_text(encoding="utf-8")
    written = tb_commands.page(page, tb_commands.rows(tb))

    assert written == page, f"write it anew: {tb_commands.COMMAND}"
    assert written.count("| yes |") >= len(tb_commands.COMMANDS) - 3
