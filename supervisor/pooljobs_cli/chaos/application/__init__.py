"""The application that chaos deploys: a copy of this folder lies beside the hosts, which import it from there.

So it is the same application whichever pooljobs runs it, and it uses nothing of pooljobs but what users do. Its modules
name each other relatively, since the copy has another name.
"""
