# Deploy targets for a Makefile of your own:
#
#     APP = shop
#     include /usr/local/share/slipway/deploy.mk
#
# APP is a name (/etc/slipway/shop.env) or the path of an env file. FORCE=1 goes past failed checks and a bad verdict.
# Make turns every failure into 2: a script that has to tell 69 or 75 from 1 calls deploy itself.

ifndef APP
$(error APP is not set: write APP = NAME before the include)
endif

.PHONY: deploy deploy-in-place deploy-compose rollback status history

deploy:
	@deploy $(if $(FORCE),--force )$(APP)

deploy-in-place:
	@deploy-in-place $(if $(FORCE),--force )$(APP)

deploy-compose:
	@deploy-compose $(if $(FORCE),--force )$(APP)

rollback:
	@rollback --app $(APP)$(if $(TO), --to $(TO))

status:
	@deploy-state show --app $(APP)

history:
	@deploy-state history --app $(APP) --last $(or $(LAST),10) >/dev/null
