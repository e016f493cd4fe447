"""``python -m tests.diagram``: draw the diagram of statuses anew."""

from .draw import PAGE, drawing, page_with

if __name__ == "__main__":
    PAGE.write_text(page_with(drawing()), encoding="utf-8")
    print(f"drawn in {PAGE.name}")
