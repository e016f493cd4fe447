"""trio-sup against real Erlang/OTP: the same scenarios there and here.

The rule of this package: OTP is asked, never remembered. A scenario is plain data
that says everything its outcome depends on; OTP's answers are recorded in golden
files, which every run of the tests compares; where trio-sup does something else on
purpose, a rule with a name says so.

    scenario --> machine (Erlang) --> trace --> rules --> expected --+
        |                                                            +-- the same?
        +------> trio_driver (trio-sup, virtual time) ---> observed -+

What asks and compares stands here; `supervisors` and `servers` each bring their
scenarios, their drivers and their rules.
"""
