"""Studies: tables whose rows differ in one thing. Plain data; `h36m-pose experiments --list` names them."""
