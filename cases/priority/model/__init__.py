"""An optional model of chances: a logistic regression on the book's own history, readable, bounded, approved by two.

`features` makes numbers of monthly histories, `training` fits and tests (needs scikit-learn), `evaluation` measures
honestly, `book` reads histories from the book, `using` puts a model in force and reckons with it.
"""
