"""Networks: what turns a crop into numbers. They know no loss."""
