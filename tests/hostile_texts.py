"""Texts that try to act as markup or control codes, for tests of whatever shows them."""

HOSTILE_TEXTS = (
    "</script><script>document.title='run'</script>",
    "<!--<script>",
    "<img src=x onerror=\"document.title='run'\">",
    "\"><svg onload=document.title='run'>",
    "</style></title></textarea><b>bold",
    "&lt;b&gt; &amp; &#60;",
    "]]> {{ 7 * 7 }} {% include 'page.html' %} ${7*7}",
    "nul \x00 escape \x1b[31m c1 \x85 lines \u2028\u2029 end",
    "\u202ereversed\u202c مرحبا שלום",
    "👩‍👩‍👧‍👦 🏴‍☠️ é",
    "x" * 10_000,
    "这是一个没有空格的句子。",
    "",
    "\ud800 a lone surrogate",
    "javascript:document.title='run'",
)
