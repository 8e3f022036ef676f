"""Two pipelines on real input, to see datamill at work: `datamill demo`."""
