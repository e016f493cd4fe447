"""What lines say: pieces of text, each with a role. Knows no Textual.

The rule here: everything that a node said goes through `show.clean` before it stands
in a line, and a line is exactly as wide as it was asked to be.

* `cells`: what lines are made of, and how they are cut; `writer`: lines of a page;
* `rows`: a child in the tree or in the list; `memo`: those that stay as they were;
* `columns`: which of them fit a width;
* `fleet`: a node among others, and the line for all alarms; `cluster`: the bars of one;
* `journal`: an event; `sparkline`: a trend; `incident_groups`: restarts under their
  supervisors; `incidents`: their lines, and the story of each;
* `banner`: the header, notices, pages without data; `frame`: tabs and hints of keys.
"""
