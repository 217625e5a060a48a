"""The page's server: it sends what a source says, and does what the page asks for, if the browser may."""
